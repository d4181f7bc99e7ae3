#include "transport/quic/quic_engine.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/quic.h>

#include <array>
#include <chrono>
#include <new>
#include <utility>

#include "config/scalar.hpp"
#include "transport/dial/socket.hpp"
#include "transport/tls/tls_state.hpp"

namespace tacet {
namespace {

constexpr ApplicationProtocol dns_over_quic{.alpn = "doq", .name = "DNS over QUIC", .is_required = true};
/// What we ask for. Many NATs forget a UDP flow after this time.
constexpr std::uint64_t idle_ms = 30000;
/// A key share for the classical group only, so that the first flight is one datagram. With a hybrid share it needs
/// two, which a server such as knot takes for two connections. A server that wants the hybrid group asks for its share.
constexpr const char* one_datagram_groups = "*X25519:X25519MLKEM768:P-256:P-384";

SSL* ssl_of(const QuicStream& stream) { return static_cast<SSL*>(stream.get()); }

/// The TLS alert in a transport error (RFC 9001 §4.8), as OpenSSL's error of an alert that came by TLS; 0 if there is
/// none.
unsigned long alert_in(const SSL_CONN_CLOSE_INFO& closed) {
  const bool is_alert =
      (closed.flags & SSL_CONN_CLOSE_FLAG_TRANSPORT) != 0 && (closed.flags & SSL_CONN_CLOSE_FLAG_LOCAL) == 0 &&
      closed.error_code >= OSSL_QUIC_ERR_CRYPTO_ERR_BEGIN && closed.error_code <= OSSL_QUIC_ERR_CRYPTO_ERR_END;
  const auto alert = static_cast<int>(closed.error_code - OSSL_QUIC_ERR_CRYPTO_ERR_BEGIN);
  return is_alert ? ERR_PACK(ERR_LIB_SSL, 0, SSL_AD_REASON_OFFSET + alert) : 0;
}

}  // namespace

void QuicStream::Release::operator()(void* held) const {
  SSL_free(static_cast<SSL*>(held));
  ERR_clear_error();
}

struct QuicEngine::State {
  State(TlsClient& client, const DialTarget& server) : handshake(client, server, dns_over_quic) {}

  bool prepare(int from, Sni sni);
  Result<bool> check_peer();
  Error handshake_failure(int status);
  std::optional<SSL_CONN_CLOSE_INFO> closed() const;
  Error end(const SSL_CONN_CLOSE_INFO& closed) const;

  TlsHandshake handshake;
  ContextPointer context;
  SslPointer ssl;  // null: it could not be prepared
  int descriptor = -1;
  bool is_scarce = false;  // the preparation ran out of memory
  bool established = false;
  bool said_goodbye = false;
};

bool QuicEngine::State::prepare(int from, Sni sni) {
  TlsClient::State& client = handshake.client.state();
  if (!client.follow_trust()) return false;
  descriptor = from;
  handshake.epoch = client.epoch;
  handshake.sni = sni;
  context.reset(SSL_CTX_new(OSSL_QUIC_client_method()));
  const auto [store, generation] = client.trust->state().current();
  if (!context || !client.prepare(context.get(), store.get())) return false;
  if (SSL_CTX_set1_groups_list(context.get(), one_datagram_groups) != 1) ERR_clear_error();  // tls_groups() stay
  SslPointer made(SSL_new(context.get()));
  BIO* const datagrams = made ? BIO_new_dgram(descriptor, BIO_NOCLOSE) : nullptr;
  if (datagrams == nullptr) return false;
  SSL_set_bio(made.get(), datagrams, datagrams);
  const bool ready = handshake.prepare(made.get()) && SSL_set_blocking_mode(made.get(), 0) == 1 &&
                     SSL_set_default_stream_mode(made.get(), SSL_DEFAULT_STREAM_MODE_NONE) == 1 &&
                     SSL_set_event_handling_mode(made.get(), SSL_VALUE_EVENT_HANDLING_MODE_EXPLICIT) == 1 &&
                     SSL_set_feature_request_uint(made.get(), SSL_VALUE_QUIC_IDLE_TIMEOUT, idle_ms) == 1;
  if (ready) ssl = std::move(made);
  return ready;
}

QuicEngine::QuicEngine(TlsClient& client, int descriptor, const DialTarget& peer, Sni sni)
    : state_(std::make_unique<State>(client, peer)) {
  ERR_clear_error();
  if (!state_->prepare(descriptor, sni)) state_->is_scarce = is_scarcity(ERR_peek_error());
  ERR_clear_error();
}

QuicEngine::~QuicEngine() { close(DoqError::none); }

Result<bool> QuicEngine::shake_hands() {
  State& state = *state_;
  if (state.established) return true;
  if (!state.ssl)
    return fail(state.is_scarce ? Fault::overloaded : Fault::system, "OpenSSL refused to prepare a QUIC handshake");
  if (const Result<void> reached = finish_connect(state.descriptor); !reached)
    return fail(reached.error().fault, to_string(state.handshake.peer) + ": " + reached.error().detail);
  SSL* const ssl = state.ssl.get();
  ERR_clear_error();
  // The first call prepares packets, handle_events moves them, and the second call sees what came of it.
  int status = SSL_do_handshake(ssl);
  SSL_handle_events(ssl);
  if (status != 1) status = SSL_do_handshake(ssl);
  if (status == 1) return state.check_peer();
  const int why = SSL_get_error(ssl, status);
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return false;
  return fail(state.handshake_failure(status));
}

/// OpenSSL has checked the certificate during the handshake; this makes sure of it.
Result<bool> QuicEngine::State::check_peer() {
  if (SSL_get_verify_result(ssl.get()) != X509_V_OK)
    return fail(Fault::tls_untrusted, fmt::format("\"{}\" was not checked in the certificate of {}", handshake.expected,
                                                  to_string(handshake.peer)));
  if (const Result<void> agreed = handshake.check_protocol(ssl.get()); !agreed) return fail(agreed.error());
  established = true;
  return true;
}

Error QuicEngine::State::handshake_failure(int status) {
  const unsigned long found = ERR_peek_error(), last = ERR_peek_last_error();
  if (const unsigned long system = ERR_SYSTEM_ERROR(found) ? found : last; ERR_SYSTEM_ERROR(system)) {
    const Error why = socket_error(ERR_GET_REASON(system));
    ERR_clear_error();
    return {why.fault, to_string(handshake.peer) + ": " + why.detail};
  }
  const auto ended = closed();
  const unsigned long alert = ended ? alert_in(*ended) : 0;
  handshake.note_failure(ssl.get(), alert != 0 ? alert : found);
  ERR_clear_error();
  const bool refused = ended && (ended->flags & SSL_CONN_CLOSE_FLAG_LOCAL) == 0 && alert == 0;
  const bool judged = !handshake.objection.empty() || handshake.verdict != X509_V_OK;
  if (refused && !judged && status != 1) return end(*ended);
  return handshake.failure();
}

std::optional<SSL_CONN_CLOSE_INFO> QuicEngine::State::closed() const {
  SSL_CONN_CLOSE_INFO info{};
  if (SSL_get_conn_close_info(ssl.get(), &info, sizeof info) != 1) return std::nullopt;
  return info;
}

Error QuicEngine::State::end(const SSL_CONN_CLOSE_INFO& closed) const {
  const std::string server = to_string(handshake.peer);
  const bool is_ours = (closed.flags & SSL_CONN_CLOSE_FLAG_LOCAL) != 0;
  const bool is_transport = (closed.flags & SSL_CONN_CLOSE_FLAG_TRANSPORT) != 0;
  if (closed.error_code == OSSL_QUIC_LOCAL_ERR_IDLE_TIMEOUT)
    return {Fault::cancelled, server + ": the QUIC connection was idle for too long"};
  if (closed.error_code == 0) return {Fault::cancelled, server + " closed the QUIC connection"};
  const std::string said(closed.reason, closed.reason_len);
  const std::string reason = said.empty() ? "" : ": " + quotation(said);
  if (is_ours && is_transport && closed.error_code == OSSL_QUIC_ERR_INTERNAL_ERROR)
    return {Fault::unreachable, fmt::format("the QUIC connection to {} broke{}", server, reason)};
  if (is_ours)
    return {Fault::protocol, fmt::format("{} broke the rules of QUIC ({:#x}){}", server, closed.error_code, reason)};
  if (is_transport && closed.error_code == OSSL_QUIC_ERR_CONNECTION_REFUSED)
    return {Fault::unreachable, fmt::format("{} refuses QUIC connections{}", server, reason)};
  return {Fault::protocol, fmt::format("{} ended the QUIC connection ({}){}", server,
                                       is_transport ? fmt::format("transport error {:#x}", closed.error_code)
                                                    : doq_error_name(closed.error_code),
                                       reason)};
}

Result<void> QuicEngine::turn() {
  ERR_clear_error();
  SSL_handle_events(state_->ssl.get());
  ERR_clear_error();
  if (const auto closed = state_->closed()) return fail(state_->end(*closed));
  return {};
}

std::optional<Duration> QuicEngine::due_in() const {
  timeval due{};
  int never = 1;
  if (!state_->ssl || SSL_get_event_timeout(state_->ssl.get(), &due, &never) != 1 || never != 0) return std::nullopt;
  return std::chrono::seconds(due.tv_sec) + std::chrono::microseconds(due.tv_usec);
}

bool QuicEngine::wants_write() const { return state_->ssl && SSL_net_write_desired(state_->ssl.get()) == 1; }

std::uint64_t QuicEngine::streams_left() const {
  std::uint64_t left = 0;
  const bool known = SSL_get_quic_stream_bidi_local_avail(state_->ssl.get(), &left) == 1;
  return known ? left : 0;
}

std::optional<QuicStream> QuicEngine::ask(Bytes octets) {
  SSL* const opened = SSL_new_stream(state_->ssl.get(), SSL_STREAM_FLAG_NO_BLOCK);
  if (opened == nullptr) return ERR_clear_error(), std::nullopt;
  QuicStream stream(opened);
  std::size_t written = 0;
  const bool taken = SSL_write_ex2(opened, octets.data(), octets.size(), SSL_WRITE_FLAG_CONCLUDE, &written) == 1;
  if (!taken || written != octets.size()) return std::nullopt;
  return stream;
}

Result<bool> QuicEngine::read(const QuicStream& stream, std::vector<std::uint8_t>& out) {
  SSL* const ssl = ssl_of(stream);
  std::array<std::uint8_t, 4096> octets;
  std::size_t count = 0;
  while (SSL_read_ex(ssl, octets.data(), octets.size(), &count) == 1) {
    out.insert(out.end(), octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(count));
    if (count < octets.size()) break;
  }
  const int state = SSL_get_stream_read_state(ssl);
  if (state != SSL_STREAM_STATE_RESET_REMOTE) return state == SSL_STREAM_STATE_FINISHED;
  std::uint64_t code = 0;
  static_cast<void>(SSL_get_stream_read_error_code(ssl, &code));
  return fail(Fault::protocol,
              fmt::format("{} gave up the query ({})", to_string(state_->handshake.peer), doq_error_name(code)));
}

/// OpenSSL drops the buffer of a stream once all of it is acknowledged.
bool QuicEngine::is_acknowledged(const QuicStream& stream) const {
  std::uint64_t used = 0;
  const bool has_buffer = SSL_get_stream_write_buf_used(ssl_of(stream), &used) == 1;
  if (!has_buffer) ERR_clear_error();
  return !has_buffer || used == 0;
}

void QuicEngine::close(DoqError why) {
  if (!state_->ssl || std::exchange(state_->said_goodbye, true)) return;
  SSL_SHUTDOWN_EX_ARGS goodbye{.quic_error_code = static_cast<std::uint64_t>(why), .quic_reason = nullptr};
  SSL_shutdown_ex(state_->ssl.get(),
                  SSL_SHUTDOWN_FLAG_RAPID | SSL_SHUTDOWN_FLAG_NO_STREAM_FLUSH | SSL_SHUTDOWN_FLAG_NO_BLOCK, &goodbye,
                  sizeof goodbye);
  SSL_handle_events(state_->ssl.get());
  ERR_clear_error();
}

std::optional<Duration> QuicEngine::idle_limit() const {
  std::uint64_t ms = 0;
  if (SSL_get_feature_negotiated_uint(state_->ssl.get(), SSL_VALUE_QUIC_IDLE_TIMEOUT, &ms) != 1 || ms == 0)
    return std::nullopt;
  return std::chrono::milliseconds(ms);
}

void QuicEngine::describe(ConnectionFacts& facts) const {
  describe_session(state_->ssl.get(), facts);
  facts.tls_version = "TLSv1.3";  // the only one in QUIC (RFC 9001 §4.2); OpenSSL names QUIC's version
  facts.verified = state_->handshake.expected;
}

}  // namespace tacet
