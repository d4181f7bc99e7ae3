#include "listen/http/doh_session.hpp"

namespace tacet {

void DohSession::serve(Tag tag, const HttpQuery& request, Instant now) {
  const auto path = path_of(request);
  const bool is_look = request.method == "GET" || request.method == "HEAD";
  if (is_look && (path == "/healthz" || path == "/readyz")) {
    queries_.forfeit();
    return respond(tag, error_response(path == "/healthz" || context_.is_ready() ? 200 : 503));
  }
  const auto message = message_of(request);
  if (message) return queries_.serve(tag, *message, now);
  queries_.forfeit();
  respond(tag, error_response(message.error()));
}

}  // namespace tacet
