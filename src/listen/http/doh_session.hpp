#pragma once
#include <functional>
#include <memory>

#include "listen/http/http_query.hpp"
#include "listen/stream_client.hpp"
#include "listen/stream_queries.hpp"

namespace tacet {

/// What both versions of HTTP share: a request becomes a DNS query, and a reply becomes a response.
class DohSession : public StreamSession, public ReplyFraming {
public:
  /// A request and its response may take so long, octets that drip included.
  static constexpr Duration request_limit = std::chrono::seconds(10);
  /// The most octets of a request's head.
  static constexpr std::size_t most_head = 16384;

  struct Parts {
    StreamClient& client;
    StreamQueries& queries;
    const Loop& loop;
    /// Whether the resolver has answered lately, or could.
    const std::function<bool()>& is_ready;
  };
  explicit DohSession(const Parts& parts) : parts_(parts) {}

  bool takes_more() const override { return parts_.queries.takes_more(); }
  bool owes() const override { return parts_.queries.owes(); }

protected:
  /// Sends a response; does nothing if its request is gone.
  virtual void respond(Tag tag, const HttpAnswer& response) = 0;
  /// Answers a whole request, now or later.
  void serve(Tag tag, const HttpQuery& request, Instant now);

  StreamClient& client() { return parts_.client; }
  bool rests(Instant now) { return parts_.queries.rests(now); }
  Instant now() const { return parts_.loop.now(); }

private:
  void frame(Tag tag, Bytes reply) override { respond(tag, response_with(reply)); }
  void reject(Tag tag) override { respond(tag, error_response(400)); }

  Parts parts_;
};

/// HTTP/1.1 (RFC 9112): one request after the other.
std::unique_ptr<DohSession> make_http1_session(const DohSession::Parts& parts);
/// HTTP/2 (RFC 9113).
std::unique_ptr<DohSession> make_http2_session(const DohSession::Parts& parts);

}  // namespace tacet
