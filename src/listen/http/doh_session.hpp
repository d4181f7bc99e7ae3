#pragma once
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

  /// All must outlive it.
  DohSession(StreamClient& client, StreamQueries& queries, const ListenerContext& context)
      : client_(client),
        queries_(queries),
        context_(context) {}

  bool takes_more() const override { return queries_.takes_more(); }
  bool owes() const override { return queries_.owes(); }

protected:
  /// Sends a response; does nothing if its request is gone.
  virtual void respond(Tag tag, const HttpAnswer& response) = 0;
  /// Answers a whole request, now or later.
  void serve(Tag tag, const HttpQuery& request, Instant now);

  StreamClient& client() { return client_; }
  bool rests(Instant now) { return queries_.rests(now); }
  Instant now() const { return context_.loop.now(); }

private:
  void frame(Tag tag, Bytes reply) override { respond(tag, response_with(reply)); }
  void reject(Tag tag) override { respond(tag, error_response(400)); }

  StreamClient& client_;
  StreamQueries& queries_;
  const ListenerContext& context_;
};

/// HTTP/1.1 (RFC 9112): one request after the other.
std::unique_ptr<DohSession> make_http1_session(StreamClient& client, StreamQueries& queries,
                                               const ListenerContext& context);
/// HTTP/2 (RFC 9113).
std::unique_ptr<DohSession> make_http2_session(StreamClient& client, StreamQueries& queries,
                                               const ListenerContext& context);
/// The one of both that the TLS handshake of the client has chosen (ALPN).
std::unique_ptr<StreamSession> make_https_session(StreamClient& client, const ListenerContext& context);

}  // namespace tacet
