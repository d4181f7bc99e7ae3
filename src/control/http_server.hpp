#pragma once
#include <memory>

#include "control/http_site.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// HTTP over a listening socket, on a thread of its own: many clients at once, one request of each. Handlers run on
/// that thread, one at a time, and may wait, but not for ever. A slow, silent or endless client holds up nobody, and is
/// closed after a time.
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

}  // namespace tacet
