#pragma once
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "listen/http/http_request.hpp"
#include "tacet/instant.hpp"

namespace tacet {

/// The answer to a request. The server adds the other fields of the head.
struct HttpReply {
  int status = 200;
  std::string body;
  std::string type = "application/json";
  std::string fields = {};  ///< more fields of the head, each with its CRLF
};

/// {"error": "words"}, the answer to a failed request.
HttpReply http_error(int status, const std::string& words);

/// The routes of a server, and its rules for requests.
struct HttpSite {
  /// The most octets of a head.
  static constexpr std::size_t head_limit = 16384;

  std::map<std::string, std::function<HttpReply(const HttpRequest&)>> routes;  ///< by "GET /status"
  /// True if this Host names us. A web page's request has the name of its own site. A request without a Host is for us.
  std::function<bool(std::string_view host)> is_ours;
  std::string fields = {};  ///< of the head of every answer, each with its CRLF
  Duration patience;        ///< for one client, from connecting to the last octet
};

/// The whole answer to a client that has sent `octets`; nothing while the head is incomplete. Requests that a web page
/// may have caused (with an Origin, for a host that is not ours, or embedded in another site) get 403, those with a
/// body 413, those with a larger head 431, and those with a method that the path does not have 405.
std::optional<std::string> http_answer(const HttpSite& site, std::string_view octets);

}  // namespace tacet
