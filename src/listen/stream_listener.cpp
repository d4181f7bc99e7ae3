#include "listen/stream_listener.hpp"

#include <utility>

#include "listen/http/doh_session.hpp"
#include "transport/framing.hpp"

namespace tacet {
namespace {

constexpr StreamLimits tcp_limits{.idle = StreamListener::tcp_idle_limit, .partial = StreamListener::partial_limit};
constexpr StreamLimits tls_limits{.idle = StreamListener::idle_limit,
                                  .partial = StreamListener::partial_limit,
                                  .greeting = StreamListener::handshake_limit};

/// The queries of one connection, each behind its length (RFC 1035 §4.2.2).
class TcpSession final : public StreamSession, private ReplyFraming {
public:
  TcpSession(const ListenerContext& context, StreamClient& client, const StreamQueries::Terms& terms)
      : client_(client),
        queries_(context, client, *this, terms) {}

  void feed(Bytes octets) override { frames_.feed(octets); }
  bool partial() const override { return frames_.partial(); }
  bool takes_more() const override { return queries_.takes_more(); }
  bool owes() const override { return queries_.owes(); }
  void on_closed() noexcept override { queries_.on_closed(); }
  void on_turn_ended(Instant begun) override {
    queries_.on_turn_ended(begun);
    frames_.release();
  }

  Step serve_next(Instant now) override {
    if (queries_.rests(now)) return Step::later;
    const auto message = frames_.next();
    if (!message) return Step::none;
    queries_.serve(0, *message, now);
    return Step::served;
  }

private:
  void frame(Tag, Bytes reply) override { append_frame(client_.out(), reply); }
  void reject(Tag) override { client_.close(); }

  StreamClient& client_;
  FrameReader frames_;
  StreamQueries queries_;
};

}  // namespace

StreamListener::StreamListener(const ListenerContext& context, int socket, std::size_t client_limit,
                               ClientTransport transport, std::shared_ptr<const TlsServer> tls)
    : context_(context),
      transport_(transport),
      tls_(std::move(tls)),
      server_({context.loop, socket, *this, tls_ ? tls_limits : tcp_limits, client_limit, context.gates}) {}

StreamListener::~StreamListener() = default;

void StreamListener::judge_again(std::size_t limit) {
  server_.finish_if(
      [this](const StreamClient& client) { return !context_.admission.allows(client.address().storage); });
  server_.set_most_clients(limit);
}

bool StreamListener::admits(const KernelAddress& client) {
  const bool allowed = context_.admission.allows(client.storage);
  if (!allowed) ++context_.metrics.not_allowed;
  return allowed;
}

std::unique_ptr<ByteStream> StreamListener::stream_of(Descriptor socket) {
  return tls_ ? tls_->accept(std::move(socket)) : StreamService::stream_of(std::move(socket));
}

std::unique_ptr<StreamSession> StreamListener::open(StreamClient& client) {
  if (transport_ == ClientTransport::https) return make_https_session(client, context_);
  return std::make_unique<TcpSession>(context_, client,
                                      StreamQueries::Terms{transport_, tls_ ? idle_limit : tcp_idle_limit});
}

}  // namespace tacet
