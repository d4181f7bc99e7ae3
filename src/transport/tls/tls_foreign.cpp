#include <fmt/format.h>
#include <openssl/err.h>

#include "base/shield.hpp"
#include "transport/tls/tls_buffer.hpp"
#include "transport/tls/tls_state.hpp"

namespace tacet {

namespace {

constexpr ApplicationProtocol http2{.alpn = "h2", .name = "HTTP/2", .is_required = true};

/// The slot in libcurl's context that holds the handshake's State.
int foreign_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

}  // namespace

struct ForeignHandshake::State {
  State(TlsClient& client, const DialTarget& peer, TlsBuffer& carrier)
      : handshake(client, peer, http2),
        buffer(carrier) {}

  void begin(SSL* started);

  TlsHandshake handshake;
  TlsBuffer& buffer;
  const SSL* ssl = nullptr;  // once its handshake has begun
  bool is_prepared = false;  // it has our checks and our buffer
  bool is_scarce = false;    // the preparation ran out of memory
  bool is_over = false;
};

/// libcurl makes its SSL objects itself. This callback sees each one before it sends its ClientHello.
void ForeignHandshake::State::begin(SSL* started) {
  ssl = started;
  is_scarce = true;
  is_prepared = handshake.prepare(started) && buffer.adopt(started);
  is_scarce = !is_prepared && is_scarcity(ERR_peek_error());
}

namespace {

void on_foreign_state(const SSL* ssl, int where, int value) {
  auto& state = *static_cast<ForeignHandshake::State*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), foreign_index()));
  shielded(false, [&] {
    if ((where & SSL_CB_HANDSHAKE_START) != 0 && state.ssl == nullptr)
      state.begin(const_cast<SSL*>(ssl));  // OpenSSL hands its own mutable object out as const
    if ((where & SSL_CB_HANDSHAKE_DONE) != 0) state.is_over = true;
    // Read the reason here: libcurl takes it from OpenSSL's queue and tells it in its own words.
    if (where == SSL_CB_CONNECT_EXIT && value <= 0 && !state.is_over)
      state.handshake.note_failure(ssl, ERR_peek_error());
    return true;
  });
}

}  // namespace

ForeignHandshake::ForeignHandshake(TlsClient& client, const DialTarget& peer, TlsBuffer& buffer, Sni sni,
                                   HelloFraming framing)
    : state_(std::make_unique<State>(client, peer, buffer)) {
  state_->handshake.sni = sni;
  if (framing == HelloFraming::split) buffer.split_greetings(state_->handshake.expected);
}
ForeignHandshake::~ForeignHandshake() = default;

bool ForeignHandshake::prepare(void* ssl_ctx) {
  TlsClient::State& client = state_->handshake.client.state();
  if (!client.follow_trust()) return false;
  auto* const context = static_cast<SSL_CTX*>(ssl_ctx);
  const auto [store, generation] = client.trust->state().current();
  if (!client.prepare(context, store.get()) || SSL_CTX_set_ex_data(context, foreign_index(), state_.get()) != 1)
    return false;
  // By libcurl's setting OpenSSL would free a connection's two buffers after each record: three allocations of 16 KiB
  // for every answer.
  SSL_CTX_clear_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_info_callback(context, on_foreign_state);
  state_->handshake.epoch = client.epoch;
  return true;
}

bool ForeignHandshake::is_under_way() const { return state_->ssl != nullptr && !state_->is_over; }

Error ForeignHandshake::failure(bool was_reset) const {
  const Error why = state_->handshake.failure();
  return why.fault == Fault::unreachable ? state_->handshake.cut_off(was_reset) : why;
}

Result<void> ForeignHandshake::finish(ConnectionFacts& facts) const {
  const TlsHandshake& handshake = state_->handshake;
  if (state_->is_scarce) return fail(Fault::overloaded, "out of memory");
  if (!state_->is_over || !state_->is_prepared || SSL_get_verify_result(state_->ssl) != X509_V_OK)
    return fail(Fault::tls_untrusted, fmt::format("\"{}\" was not checked in the certificate of {}", handshake.expected,
                                                  to_string(handshake.peer)));
  if (Result<void> agreed = handshake.check_protocol(state_->ssl); !agreed) return agreed;
  describe_session(state_->ssl, facts);
  facts.verified = handshake.expected;
  return {};
}

}  // namespace tacet
