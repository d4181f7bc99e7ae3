#include "transport/http/doh_response.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/scalar.hpp"
#include "dns/age.hpp"
#include "dns/answer_check.hpp"
#include "dns/wire.hpp"

namespace tacet {
namespace {

constexpr std::string_view media_type = "application/dns-message";

/// Media types compare without case, and parameters may follow (RFC 9110 §8.3.1).
bool is_dns_message(std::string_view given) {
  given = given.substr(0, given.find_first_of("; \t"));
  const auto lower = [](char c) { return fold(static_cast<std::uint8_t>(c)); };
  return std::ranges::equal(given, media_type, {}, lower, lower);
}

/// Advice for a person about a status that brings no answer; empty if there is none.
std::string_view meaning(long status) {
  if (status >= 300 && status < 400) return "the server points to another URL, and redirects are not followed";
  switch (status) {
    case 400:
      return "the server did not understand the request; does the URL's path stand for DNS over HTTPS?";
    case 401:
    case 402:
    case 403:
    case 407:
      return "the server does not serve this machine";
    case 404:
    case 410:
      return "the server has nothing under the URL's path";
    case 405:
    case 501:
      return "the server takes neither GET nor POST under the URL's path";
    case 415:
      return "the server takes no DNS messages under the URL's path";
    case 429:
      return "the server wants to be asked less often";
    default:
      return status >= 500 ? "the server is out of order" : "";
  }
}

Error no_answer(long status) {
  const std::string_view why = meaning(status);
  return {Fault::protocol, fmt::format("HTTP {}{}{}", status, why.empty() ? "" : ": ", why)};
}

}  // namespace

std::uint32_t age_of(std::string_view field) {
  constexpr std::uint64_t most = 0x80000000U;  // RFC 9111 §1.2.2
  constexpr std::string_view space = " \t";
  field = field.substr(0, field.find(','));
  field.remove_prefix(std::min(field.find_first_not_of(space), field.size()));
  field = field.substr(0, field.find_last_not_of(space) + 1);
  std::uint64_t seconds = 0;
  for (const char digit : field) {
    if (digit < '0' || digit > '9') return 0;
    seconds = std::min(most, seconds * 10 + static_cast<std::uint64_t>(digit - '0'));
  }
  return static_cast<std::uint32_t>(seconds);
}

Result<DohBody> doh_body(DohResponse response) {
  const bool successful = response.status >= 200 && response.status < 300;
  if (!successful) return fail(no_answer(response.status));
  if (response.body.empty() && !response.media_type)
    return fail(Fault::protocol, fmt::format("HTTP {} without a DNS message", response.status));
  if (!response.media_type || !is_dns_message(*response.media_type)) {
    const std::string given = response.media_type ? quotation(*response.media_type) : "none";
    return fail(Fault::protocol, fmt::format("media type {} instead of {}", given, media_type));
  }
  return DohBody{std::move(response.body), response.age ? age_of(*response.age) : 0};
}

Result<Message> doh_answer(const Question& asked, DohBody body) {
  auto answer = accept_answer(asked, std::nullopt, std::move(body.octets), TransportKind::stream);
  return answer ? aged(*std::move(answer), body.age) : answer;
}

}  // namespace tacet
