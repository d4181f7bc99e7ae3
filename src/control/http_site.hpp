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

/// {"error": "words"}, the answer to whatever fails.
HttpReply http_error(int status, const std::string& words);

/// What is served to whom.
struct HttpSite {
  /// A head may have this many octets.
  static constexpr std::size_t head_limit = 16384;

  std::map<std::string, std::function<HttpReply(const HttpRequest&)>> routes;  ///< by "GET /status"
  /// Whether a request for this Host is for us. A web page's is not: it carries the name of its own site. A request
  /// without a Host is for us.
  std::function<bool(std::string_view host)> is_ours;
  Duration patience;  ///< for one client, from connecting to the last octet
};

/// The whole answer to a client that has sent `octets`; nothing while its head is not whole. Requests that a browser
/// could have been tricked into (with an Origin, or for a host that is not ours) get 403, those with a body 413, and
/// those with a larger head 431.
std::optional<std::string> http_answer(const HttpSite& site, std::string_view octets);

}  // namespace tacet
