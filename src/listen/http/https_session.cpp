#include "listen/http/doh_session.hpp"

namespace tacet {
namespace {

/// One connection. The handshake tells the version of HTTP, so the first octets choose their reader.
class HttpsSession final : public StreamSession, private ReplyFraming {
public:
  HttpsSession(const ListenerContext& context, StreamClient& client)
      : context_(context),
        client_(client),
        queries_(context, client, *this, {ClientTransport::https, std::nullopt}) {}

  void feed(Bytes octets) override {
    if (!http_) {
      const auto make = client_.stream().protocol() == "h2" ? make_http2_session : make_http1_session;
      http_ = make(client_, queries_, context_);
    }
    http_->feed(octets);
  }
  Step serve_next(Instant now) override { return http_ ? http_->serve_next(now) : Step::none; }
  bool partial() const override { return http_ && http_->partial(); }
  bool takes_more() const override { return !http_ || http_->takes_more(); }
  bool owes() const override { return http_ && http_->owes(); }
  void produce() override {
    if (http_) http_->produce();
  }
  void on_turn_ended(Instant begun) override { queries_.on_turn_ended(begun); }
  void on_closed() noexcept override { queries_.on_closed(); }

private:
  void frame(Tag tag, Bytes reply) override { static_cast<ReplyFraming&>(*http_).frame(tag, reply); }
  void reject(Tag tag) override { static_cast<ReplyFraming&>(*http_).reject(tag); }

  const ListenerContext& context_;
  StreamClient& client_;
  StreamQueries queries_;
  std::unique_ptr<DohSession> http_;  // null until the first octets came
};

}  // namespace

std::unique_ptr<StreamSession> make_https_session(StreamClient& client, const ListenerContext& context) {
  return std::make_unique<HttpsSession>(context, client);
}

}  // namespace tacet
