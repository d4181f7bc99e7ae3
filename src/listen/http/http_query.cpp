#include "listen/http/http_query.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "tacet/message.hpp"
#include "transport/http/base64url.hpp"

namespace tacet {
namespace {

struct Status {
  unsigned code;
  std::string_view reason;
  std::string_view words;
};

constexpr Status statuses[]{
    {200, "OK", "ok\n"},
    {400, "Bad Request", "a request here carries one DNS query: GET /dns-query?dns=BASE64URL, or POST\n"},
    {404, "Not Found", "DNS queries go to /dns-query\n"},
    {405, "Method Not Allowed", "DNS queries come by GET or POST\n"},
    {408, "Request Timeout", "the request took too long\n"},
    {413, "Content Too Large", "a DNS message has 65535 octets at most\n"},
    {414, "URI Too Long", "a long DNS message needs a POST\n"},
    {415, "Unsupported Media Type", "a POST carries application/dns-message\n"},
    {431, "Request Header Fields Too Large", "the head of a request is too large\n"},
    {501, "Not Implemented", "a body comes as it is or in chunks, in no other coding\n"},
    {503, "Service Unavailable", "no upstream answers\n"},
    {505, "HTTP Version Not Supported", "HTTP/1.1 or HTTP/2\n"},
};

const Status& status_of(unsigned code) {
  const auto found = std::ranges::find(statuses, code, &Status::code);
  return found != std::end(statuses) ? *found : statuses[1];
}

/// True if a header's value is this media type, with or without parameters, in any case.
bool is_type(std::string_view value, std::string_view type) {
  value = value.substr(0, value.find(';'));
  while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
  return lower_case(value) == type;
}

/// The value of the first parameter with this name; nothing if there is none.
std::optional<std::string_view> parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(one.size() + 1, query.size()));
    if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=')
      return one.substr(name.size() + 1);
  }
  return std::nullopt;
}

std::expected<std::vector<std::uint8_t>, unsigned> message_in_target(std::string_view target) {
  const auto mark = std::min(target.find('?'), target.size() - 1);
  const auto text = parameter(target.substr(mark + 1), "dns");
  auto message = text ? from_base64url(*text) : std::nullopt;
  if (!message || message->empty()) return std::unexpected(400U);
  return *std::move(message);
}

}  // namespace

std::string_view path_of(const HttpQuery& request) {
  return std::string_view(request.target).substr(0, request.target.find('?'));
}

std::expected<std::vector<std::uint8_t>, unsigned> message_of(const HttpQuery& request) {
  if (request.target.size() > HttpQuery::most_target) return std::unexpected(414U);
  if (path_of(request) != doh_path) return std::unexpected(404U);
  if (request.method == "GET" || request.method == "HEAD") return message_in_target(request.target);
  if (request.method != "POST") return std::unexpected(405U);
  if (!is_type(request.content_type, dns_message_type)) return std::unexpected(415U);
  if (request.body.size() > HttpQuery::most_body) return std::unexpected(413U);
  if (request.body.empty()) return std::unexpected(400U);
  return request.body;
}

HttpAnswer response_with(Bytes reply) {
  const auto index = index_message(reply);
  constexpr std::uint32_t none = 0xFFFFFFFF;
  const std::uint32_t least = index ? index->minimal_ttl : none;
  return {.type = dns_message_type, .max_age = least == none ? 0 : least, .body = reply};
}

HttpAnswer error_response(unsigned status) {
  const Status& found = status_of(status);
  return {.status = found.code,
          .body = {reinterpret_cast<const std::uint8_t*>(found.words.data()), found.words.size()}};
}

std::string_view reason_phrase(unsigned status) { return status_of(status).reason; }

}  // namespace tacet
