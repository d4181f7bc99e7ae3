#include "listen/tcp_listener.hpp"

#include <utility>

#include "transport/framing.hpp"

namespace tacet {
namespace {

constexpr StreamLimits tcp_limits{.idle = TcpListener::idle_limit, .partial = TcpListener::partial_limit};
constexpr StreamLimits tls_limits{.idle = TcpListener::tls_idle_limit,
                                  .partial = TcpListener::partial_limit,
                                  .greeting = TcpListener::handshake_limit};

}  // namespace

/// The queries of one connection, each behind its length (RFC 1035 §4.2.2).
class TcpListener::Session final : public StreamSession, private ReplyFraming {
public:
  Session(const ListenerContext& context, StreamClient& client, const StreamQueries::Terms& terms)
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

TcpListener::TcpListener(const ListenerContext& context, int socket, std::size_t client_limit,
                         std::shared_ptr<const TlsServer> tls)
    : context_(context),
      tls_(std::move(tls)),
      server_({context.loop, socket, *this, tls_ ? tls_limits : tcp_limits, client_limit, context.gates}) {}

TcpListener::~TcpListener() = default;

void TcpListener::judge_again(std::size_t limit) {
  server_.finish_if(
      [this](const StreamClient& client) { return !context_.admission.allows(client.address().storage); });
  server_.set_most_clients(limit);
}

bool TcpListener::admits(const KernelAddress& client) {
  const bool allowed = context_.admission.allows(client.storage);
  if (!allowed) ++context_.metrics.not_allowed;
  return allowed;
}

std::unique_ptr<ByteStream> TcpListener::stream_of(Descriptor socket) {
  return tls_ ? tls_->accept(std::move(socket)) : StreamService::stream_of(std::move(socket));
}

std::unique_ptr<StreamSession> TcpListener::open(StreamClient& client) {
  const StreamQueries::Terms terms = tls_ ? StreamQueries::Terms{ClientTransport::tls, tls_idle_limit}
                                          : StreamQueries::Terms{ClientTransport::tcp, idle_limit};
  return std::make_unique<Session>(context_, client, terms);
}

}  // namespace tacet
