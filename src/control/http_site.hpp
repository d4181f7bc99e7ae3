#pragma once
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "control/http_request.hpp"
#include "tacet/instant.hpp"

namespace tacet {

struct HttpReply {
  int status = 200;
  std::string body;
  std::string type = "application/json";
};

/// Whatever fails is answered by {"error": "words"}.
HttpReply http_error(int status, const std::string& words);

/// What is served to whom.
struct HttpSite {
  /// A head may have this many octets.
  static constexpr std::size_t head_limit = 16384;

  std::map<std::string, std::function<HttpReply(const HttpRequest&)>> routes;  ///< by "GET /status"
  /// Whether a request for this Host may come from somebody who knows where he is; never asked about a missing one.
  std::function<bool(std::string_view host)> is_ours;
  Duration patience;  ///< for one client, from connecting to the last octet
};

/// What a client gets that has sent `octets`, as octets; nothing while its head is not whole. Requests that a browser
/// could have been tricked into (with an Origin, or for a host that is not ours) are refused with 403, and those with a
/// body with 413.
std::optional<std::string> http_answer(const HttpSite& site, std::string_view octets);

}  // namespace tacet
