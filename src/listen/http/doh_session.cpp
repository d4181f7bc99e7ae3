#include "listen/http/doh_session.hpp"

namespace tacet {

void DohSession::serve(Tag tag, const HttpQuery& request, Instant now) {
  const auto path = path_of(request);
  const bool is_look = request.method == "GET" || request.method == "HEAD";
  if (is_look && (path == "/healthz" || path == "/readyz")) {
    parts_.queries.forfeit();
    return respond(tag, error_response(path == "/healthz" || parts_.is_ready() ? 200 : 503));
  }
  const auto message = message_of(request);
  if (message) return parts_.queries.serve(tag, *message, now);
  parts_.queries.forfeit();
  respond(tag, error_response(message.error()));
}

}  // namespace tacet
