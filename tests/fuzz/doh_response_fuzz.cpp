#include <algorithm>
#include <array>
#include <string>

#include "dns/wire.hpp"
#include "fuzz/property.hpp"
#include "transport/doh_response.hpp"

using namespace tacet;
using namespace tacet::fuzz;

namespace {

constexpr std::array statuses{200L, 200L, 200L, 0L, 204L, 206L, 302L, 404L, 503L, -1L};
constexpr std::array media_types{"application/dns-message", "application/dns-message", "Application/DNS-Message; q=1",
                                 "application/dns-json"};

std::optional<std::string> chosen_type(Choices& choices) {
  const std::uint8_t how = choices.u8();
  if (how < 192) return media_types[how % media_types.size()];
  if (how == 255) return std::nullopt;
  const Bytes text = choices.take(how - 192U);
  return std::string(text.begin(), text.end());
}

bool names_dns_message(const std::string& type) {
  constexpr std::string_view wanted = "application/dns-message";
  std::string lower;
  for (const char octet : type) lower += static_cast<char>(fold(static_cast<std::uint8_t>(octet)));
  return lower.starts_with(wanted) && (lower.size() == wanted.size() || lower.find_first_of("; \t") == wanted.size());
}

void check_words(const Error& error) {
  require(!error.detail.empty() && error.detail.size() < 300, "a refusal has a reason of reasonable length");
  const auto printable = [](char octet) { return octet >= ' ' && octet < 0x7f; };
  require(std::ranges::all_of(error.detail, printable), "and no server can steer a terminal by it");
}

/// The question in another case, or with one of its octets changed.
std::vector<std::uint8_t> changed(Bytes question, Choices& choices, bool& same) {
  std::vector<std::uint8_t> other = copy_of(question);
  const std::size_t at = choices.u16() % other.size();
  const std::uint8_t bits = choices.u8();
  const std::uint8_t before = other[at];
  other[at] ^= bits;
  const bool in_name = at < other.size() - 4;
  same = in_name ? fold(other[at]) == fold(before) : bits == 0;
  return other;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  Choices choices({octets, size});
  const long status = statuses[choices.below(statuses.size())];
  const std::optional<std::string> type = chosen_type(choices);
  const Bytes asked = choices.take(choices.u8() % 32U + 5U);
  Choices change(choices.take(3));
  const std::vector<std::uint8_t> body = copy_of(choices.rest());

  DohResponse response{.status = status, .media_type = {}, .age = {}, .body = body};
  if (type) response.media_type = *type;
  const auto taken = doh_body(std::move(response));
  require(taken.has_value() == (status >= 200 && status < 300 && type && names_dns_message(*type)),
          "a body is taken with a successful status and its media type, and else not");
  if (!taken) {
    require(taken.error().fault == Fault::protocol, "what is no DNS over HTTPS is a fault of protocol");
    check_words(taken.error());
    return 0;
  }
  require(taken->octets == body && taken->age == 0, "and as it came");

  if (asked.size() >= 5) {
    const auto answer = doh_answer(asked, {body, 0});
    if (!answer) check_words(answer.error());
    require(!answer || question_of(*answer).size() == asked.size(), "an answer has its question");
  }
  const auto message = Message::parse(body);
  if (!message) return 0;
  const std::vector<std::uint8_t> question = copy_of(question_of(*message));
  const auto answer = doh_answer(question, {body, 0});
  require(answer.has_value() == message->index().has(flag::qr), "an answer is taken for its own question, a query not");
  if (!answer) return 0;
  require(std::ranges::equal(answer->wire(), body), "as it came");
  bool same = false;
  const std::vector<std::uint8_t> other = changed(question, change, same);
  const auto not_mine = doh_answer(other, {body, 0});
  require(not_mine.has_value() == same, "for no other, but in any case of letters");
  require(not_mine || not_mine.error().fault == Fault::mismatched, "and that is a mismatch");
  return 0;
}
