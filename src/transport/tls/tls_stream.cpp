#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "transport/tls/split_greeting.hpp"
#include "transport/tls/tls_state.hpp"

namespace tacet {

namespace {

constexpr std::size_t record_size = 16384;  // of plaintext (RFC 8446 §5.1)

constexpr ApplicationProtocol dns_over_tls{.alpn = "dot", .name = "DNS over TLS", .is_required = false};

}  // namespace

TlsStream::State::State(TlsClient& client, const DialTarget& server) : handshake(client, server, dns_over_tls) {}

TlsStream::TlsStream(TlsClient& client, const DialTarget& peer, Sni sni, HelloFraming framing)
    : state_(std::make_unique<State>(client, peer)) {
  TlsClient::State& from = client.state();
  const bool ready = from.follow_trust();
  state_->handshake.epoch = from.epoch;
  state_->handshake.sni = sni;
  state_->splits = framing == HelloFraming::split;
  state_->ssl.reset(ready ? SSL_new(from.context.get()) : nullptr);
  SSL* const ssl = state_->ssl.get();
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  if (ssl == nullptr || in == nullptr || out == nullptr) {
    BIO_free(in);
    BIO_free(out);
    const bool scarce = is_scarcity(ERR_peek_error());
    state_->impossible = Error{scarce ? Fault::overloaded : Fault::system,
                               "OpenSSL refused to prepare a handshake: " + take_tls_error()};
    return;
  }
  SSL_set_bio(ssl, in, out);
  SSL_set_connect_state(ssl);
  if (!state_->handshake.prepare(ssl)) {
    const bool scarce = is_scarcity(ERR_peek_error());
    state_->impossible = Error{scarce ? Fault::overloaded : Fault::tls_untrusted,
                               "\"" + state_->handshake.expected + "\" cannot be checked in a certificate"};
    ERR_clear_error();
    return;
  }
  // Puts the ClientHello into the BIO and wants the answer.
  if (const int status = SSL_do_handshake(ssl); SSL_get_error(ssl, status) != SSL_ERROR_WANT_READ)
    state_->impossible = state_->failure(status);
  ERR_clear_error();
  state_->split();
}

TlsStream::~TlsStream() = default;

Result<void> TlsStream::receive(Bytes cipher, std::vector<std::uint8_t>& plain) {
  if (state_->impossible) return fail(*state_->impossible);
  SSL* const ssl = state_->ssl.get();
  ERR_clear_error();
  const auto size = static_cast<int>(cipher.size());
  if (BIO_write(SSL_get_rbio(ssl), cipher.data(), size) != size) throw std::bad_alloc();
  int status = 0;
  std::array<std::uint8_t, record_size> record;
  while ((status = SSL_read(ssl, record.data(), static_cast<int>(record.size()))) > 0)
    plain.insert(plain.end(), record.begin(), record.begin() + status);
  if (!state_->established && SSL_is_init_finished(ssl) == 1) {
    if (Result<void> agreed = state_->handshake.check_protocol(ssl); !agreed) return agreed;
    state_->established = true;
  }
  if (SSL_get_error(ssl, status) != SSL_ERROR_WANT_READ) return fail(state_->failure(status));
  if (!state_->established) {
    state_->split();  // the server may have asked for another greeting (HelloRetryRequest)
    return {};
  }
  for (const auto& plain_record : std::exchange(state_->waiting, {}))
    if (Result<void> written = state_->write(plain_record); !written) return written;
  return {};
}

Result<void> TlsStream::send(Bytes plain) {
  if (state_->impossible) return fail(*state_->impossible);
  if (established()) return state_->write(plain);
  if (!plain.empty()) state_->waiting.emplace_back(plain.begin(), plain.end());
  return {};
}

Result<void> TlsStream::State::write(Bytes plain) {
  if (plain.empty()) return {};
  ERR_clear_error();
  const int status = SSL_write(ssl.get(), plain.data(), static_cast<int>(plain.size()));
  if (status > 0) return {};  // a memory BIO takes everything
  return fail(failure(status));
}

/// Puts the greeting that waits in the outgoing BIO into two records.
void TlsStream::State::split() {
  if (!splits || impossible || sent != 0) return;
  BIO* const out = SSL_get_wbio(ssl.get());
  const char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  const Bytes all(reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(std::max(size, 0L)));
  const auto halves = split_greeting(all, handshake.expected);
  if (!halves) return;
  BIO_reset(out);
  const auto octets = static_cast<int>(halves->octets.size());
  if (BIO_write(out, halves->octets.data(), octets) != octets) throw std::bad_alloc();
  head = halves->head;
}

/// Why SSL_read or SSL_write returned `status`.
Error TlsStream::State::failure(int status) {
  const unsigned long error = ERR_peek_error();
  const bool closed = SSL_get_error(ssl.get(), status) == SSL_ERROR_ZERO_RETURN;
  ERR_clear_error();
  if (is_scarcity(error)) return {Fault::overloaded, "out of memory"};
  if (!established) {
    handshake.note_failure(ssl.get(), closed ? 0 : error);
    return handshake.failure();
  }
  const std::string server = to_string(handshake.peer);
  if (closed) return {Fault::cancelled, server + " closed the TLS connection"};
  if (const std::string alert = alert_words(error); !alert.empty())
    return {Fault::protocol, server + " ended the TLS connection (" + alert + ")"};
  return {Fault::protocol, "the TLS connection to " + server + " broke: " + reason_words(error)};
}

Bytes TlsStream::pending() const {
  if (state_->impossible) return {};
  const char* data = nullptr;
  const long size = BIO_get_mem_data(SSL_get_wbio(state_->ssl.get()), &data);
  const Bytes all(reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(std::max(size, 0L)));
  return all.subspan(state_->sent, state_->sent < state_->head ? state_->head - state_->sent : std::dynamic_extent);
}

void TlsStream::sent(std::size_t count) {
  const bool all = state_->sent >= state_->head && count == pending().size();
  state_->sent = all ? 0 : state_->sent + count;
  if (all) state_->head = 0;
  if (all && !state_->impossible) BIO_reset(SSL_get_wbio(state_->ssl.get()));
}

void TlsStream::close() {
  if (!state_->established) return;
  SSL_shutdown(state_->ssl.get());
  ERR_clear_error();
}

Error TlsStream::cut_off(bool was_reset) const { return state_->handshake.cut_off(was_reset); }

bool TlsStream::established() const { return state_->established; }

void TlsStream::describe(ConnectionFacts& facts) const {
  if (!state_->established) return;
  describe_session(state_->ssl.get(), facts);
  facts.verified = state_->handshake.expected;
}

}  // namespace tacet
