#include "transport/quic/quic_engine.hpp"

/// For an OpenSSL without a QUIC client. The configuration refuses quic://, so nothing makes an engine.
namespace tacet {

struct QuicEngine::State {};

void QuicStream::Release::operator()(void*) const {}

QuicEngine::QuicEngine(TlsClient&, int, const DialTarget&, Sni) {}
QuicEngine::~QuicEngine() = default;

Result<bool> QuicEngine::shake_hands() { return fail(Fault::system, "this OpenSSL has no QUIC"); }
Result<void> QuicEngine::turn() { return fail(Fault::system, "this OpenSSL has no QUIC"); }
std::optional<Duration> QuicEngine::due_in() const { return std::nullopt; }
bool QuicEngine::wants_write() const { return false; }
std::uint64_t QuicEngine::streams_left() const { return 0; }
std::optional<QuicStream> QuicEngine::ask(Bytes) { return std::nullopt; }
Result<bool> QuicEngine::read(const QuicStream&, std::vector<std::uint8_t>&) { return true; }
bool QuicEngine::is_acknowledged(const QuicStream&) const { return true; }
void QuicEngine::close(DoqError) {}
std::optional<Duration> QuicEngine::idle_limit() const { return std::nullopt; }
void QuicEngine::describe(ConnectionFacts&) const {}

}  // namespace tacet
