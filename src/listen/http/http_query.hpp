#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tacet/name.hpp"

namespace tacet {

/// The path of DNS queries over HTTP.
inline constexpr std::string_view doh_path = "/dns-query";
/// The media type of DNS messages (RFC 8484 §6).
inline constexpr std::string_view dns_message_type = "application/dns-message";

/// What a DNS server reads of a request, by any version of HTTP.
struct HttpQuery {
  static constexpr std::size_t most_target = 8192;  ///< octets
  static constexpr std::size_t most_body = 65535;   ///< octets, those of a DNS message

  std::string method;        ///< "GET"
  std::string target;        ///< path and query as sent: "/dns-query?dns=AAAB…"
  std::string content_type;  ///< empty if there is none
  std::vector<std::uint8_t> body;
};

/// A response by any version of HTTP.
struct HttpAnswer {
  unsigned status = 200;
  std::string_view type = "text/plain";
  std::optional<std::uint32_t> max_age = std::nullopt;  ///< seconds that a cache may keep it; nothing: it may not
  Bytes body = {};
};

/// "/dns-query" of a request.
std::string_view path_of(const HttpQuery& request);

/// The DNS message of a request (RFC 8484 §4.1): of the first `dns` parameter of a GET or HEAD, or the body of a POST.
/// Otherwise the status that tells what is wrong: 404 for another path, 405 for another method, 414 for a long target,
/// 415 for a POST of another type, 413 for a long body, 400 for no message.
std::expected<std::vector<std::uint8_t>, unsigned> message_of(const HttpQuery& request);

/// The answer of a DNS server to a request. Its max-age is the least TTL in it, 0 if it has no TTL (RFC 8484 §5.1).
HttpAnswer response_with(Bytes reply);

/// The answer to a request that cannot be served, with words that say why. `status`: 4xx or 5xx.
HttpAnswer error_response(unsigned status);

/// "Not Found".
std::string_view reason_phrase(unsigned status);

}  // namespace tacet
