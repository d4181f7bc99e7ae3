#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "tacet/instant.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// A request as far as anybody here cares: its path led to the handler already.
struct HttpRequest {
  std::multimap<std::string, std::string> parameters;

  bool has(const std::string& name) const { return parameters.contains(name); }
  /// The first value of that name; empty if there is none.
  std::string get(const std::string& name) const {
    const auto found = parameters.find(name);
    return found == parameters.end() ? std::string() : found->second;
  }
};

struct HttpReply {
  int status = 200;
  std::string body;
  std::string type = "application/json";
};

/// Whatever fails is answered by {"error": "words"}.
HttpReply http_error(int status, const std::string& words);

/// What is served to whom.
struct HttpSite {
  std::map<std::string, std::function<HttpReply(const HttpRequest&)>> routes;  ///< by "GET /status"
  /// Whether a request for this Host may come from somebody who knows where he is; never asked about a missing one.
  std::function<bool(std::string_view host)> is_ours;
  Duration patience;  ///< for one client, from connecting to the last octet
};

/// HTTP over a listening socket, on a thread of its own, one client at a time and one request each; handlers run on
/// that thread and may wait, but not for ever. Requests that a browser could have been tricked into (with an Origin,
/// or for a host that is not ours) are refused with 403, and so are requests for a range. A client that is slow, silent
/// or endless is given up.
class HttpServer {
public:
  /// Starts the thread. `listener` must outlive the server, and must not block. Fault::system.
  static Result<std::unique_ptr<HttpServer>> create(int listener, HttpSite site);
  /// Ends the thread; promptly, unless a handler does not return.
  ~HttpServer();

private:
  class State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// What HttpServer does with a client's octets, without the socket and the thread.
class HttpAnswerer {
public:
  explicit HttpAnswerer(HttpSite site);
  ~HttpAnswerer();
  HttpAnswerer(const HttpAnswerer&) = delete;
  HttpAnswerer& operator=(const HttpAnswerer&) = delete;

  /// What a client gets that sends `request` and then nothing more; empty if it is hung up on without a word.
  std::string answer(std::string_view request);

private:
  class State;
  std::unique_ptr<State> state_;
};

/// "cpp-httplib 0.11.4" as compiled.
std::string http_server_library_version();

}  // namespace tacet
