#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "base/shield.hpp"
#include "transport/tls_state.hpp"

namespace tacet {

namespace {

constexpr std::size_t record_size = 16384;  // of plaintext (RFC 8446 §5.1)

int stream_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

/// The names and addresses that a certificate is for, for a person to see what went wrong: "a.test, b.test".
std::string names_in(const X509* certificate) {
  std::string names;
  const auto add = [&names](std::string_view name) {
    if (names.size() < 200) names.append(names.empty() ? "" : ", ").append(name);
  };
  const std::unique_ptr<GENERAL_NAMES, Releaser<GENERAL_NAMES_free>> alternatives(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    const GENERAL_NAME* each = sk_GENERAL_NAME_value(alternatives.get(), i);
    if (each->type != GEN_DNS) continue;
    const auto* octets = reinterpret_cast<const char*>(ASN1_STRING_get0_data(each->d.dNSName));
    std::string name(octets, static_cast<std::size_t>(ASN1_STRING_length(each->d.dNSName)));
    for (char& c : name)
      if (c <= ' ' || c > '~') c = '?';  // the peer chose these octets, and they go to the log
    add(name);
  }
  return names;
}

bool is_alert(unsigned long error) {
  return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) >= SSL_AD_REASON_OFFSET;
}

/// What the peer objects to: "alert unrecognized name".
std::string alert_words(unsigned long error) {
  return std::string("alert ") + SSL_alert_desc_string_long(ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET);
}

/// Changes no verdict; after a bad one the certificate is not to be had from the SSL object any more.
int on_verified(int good, X509_STORE_CTX* check) {
  const auto* ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(check, SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (good != 0) return good;
  return shielded(good, [&] {
    TlsStream::State::of(ssl)->shown = names_in(X509_STORE_CTX_get0_cert(check));
    return good;
  });
}

/// The chain or the name did not convince us.
Error distrust(const SSL* ssl, const std::string& who, const std::string& expected) {
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict == X509_V_ERR_OUT_OF_MEM) return {Fault::overloaded, "out of memory"};
  if (verdict != X509_V_ERR_HOSTNAME_MISMATCH && verdict != X509_V_ERR_IP_ADDRESS_MISMATCH)
    return {Fault::tls_untrusted,
            "certificate of " + who + " is not trusted: " + X509_verify_cert_error_string(verdict)};
  const char* what = verdict == X509_V_ERR_HOSTNAME_MISMATCH ? "name " : "address ";
  std::string words = "certificate of " + who + " is not valid for the " + what + expected;
  if (const std::string& names = TlsStream::State::of(ssl)->shown; !names.empty())
    words += " (it is for " + names + ")";
  return {Fault::tls_untrusted, std::move(words)};
}

}  // namespace

TlsStream::State* TlsStream::State::of(const SSL* ssl) {
  return static_cast<State*>(SSL_get_ex_data(ssl, stream_index()));
}

/// Makes OpenSSL check the certificate for the name, or for the address that we talk to.
bool TlsStream::State::verify_peer() {
  const TlsIdentity& identity = client.identity();
  SSL_set_verify(ssl.get(), SSL_VERIFY_PEER, on_verified);
  X509_VERIFY_PARAM* const check = SSL_get0_param(ssl.get());
  if (identity.host_is_address) {
    expected = peer.address.substr(0, peer.address.find('%'));
    return X509_VERIFY_PARAM_set1_ip_asc(check, expected.c_str()) == 1;
  }
  expected = identity.host;
  if (expected.ends_with('.')) expected.pop_back();  // certificates carry names without it
  X509_VERIFY_PARAM_set_hostflags(check, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (expected.empty() || X509_VERIFY_PARAM_set1_host(check, expected.data(), expected.size()) != 1) return false;
  return identity.sni == Sni::omit || set_sni(ssl.get(), expected.c_str());
}

TlsStream::TlsStream(TlsClient& client, const SocketAddress& peer) : state_(std::make_unique<State>(client, peer)) {
  TlsClient::State& from = client.state();
  const bool ready = from.follow_trust();
  state_->epoch = from.epoch;
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
  if (SSL_set_ex_data(ssl, stream_index(), state_.get()) != 1 || !state_->verify_peer()) {
    const bool scarce = is_scarcity(ERR_peek_error());
    state_->impossible = Error{scarce ? Fault::overloaded : Fault::tls_untrusted,
                               "\"" + state_->expected + "\" cannot be checked in a certificate"};
    ERR_clear_error();
    return;
  }
  if (const SessionPointer session = from.slot(peer.address).take()) SSL_set_session(ssl, session.get());
  // Puts the ClientHello into the BIO and wants the answer.
  if (const int status = SSL_do_handshake(ssl); SSL_get_error(ssl, status) != SSL_ERROR_WANT_READ)
    state_->impossible = state_->failure(status);
  ERR_clear_error();
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
  if (!state_->established && SSL_is_init_finished(ssl) == 1) state_->established = true;
  if (SSL_get_error(ssl, status) != SSL_ERROR_WANT_READ) return fail(state_->failure(status));
  if (!state_->established || state_->waiting.empty()) return {};
  return state_->write(std::exchange(state_->waiting, {}));
}

Result<void> TlsStream::send(Bytes plain) {
  if (state_->impossible) return fail(*state_->impossible);
  if (established()) return state_->write(plain);
  state_->waiting.insert(state_->waiting.end(), plain.begin(), plain.end());
  return {};
}

Result<void> TlsStream::State::write(Bytes plain) {
  if (plain.empty()) return {};
  ERR_clear_error();
  const int status = SSL_write(ssl.get(), plain.data(), static_cast<int>(plain.size()));
  if (status > 0) return {};  // a memory BIO takes everything
  return fail(failure(status));
}

/// Why SSL_read or SSL_write returned `status`.
Error TlsStream::State::failure(int status) {
  const unsigned long error = ERR_peek_error();
  const bool closed = SSL_get_error(ssl.get(), status) == SSL_ERROR_ZERO_RETURN;
  ERR_clear_error();
  if (is_scarcity(error)) return {Fault::overloaded, "out of memory"};
  if (!established) return handshake_failure(closed ? 0 : error);
  const std::string who = to_string(peer);
  if (closed) return {Fault::cancelled, who + " closed the TLS connection"};
  if (is_alert(error)) return {Fault::protocol, who + " ended the TLS connection (" + alert_words(error) + ")"};
  return {Fault::protocol, "the TLS connection to " + who + " broke: " + reason_words(error)};
}

Error TlsStream::State::handshake_failure(unsigned long error) {
  client.state().slot(peer.address).clear();  // be it at fault or not, a session is not worth a second failure
  const std::string who = to_string(peer);
  if (error == 0) return {Fault::unreachable, who + " closed the connection during the TLS handshake"};
  if (SSL_get_verify_result(ssl.get()) != X509_V_OK) return distrust(ssl.get(), who, expected);
  if (!is_alert(error)) return {Fault::protocol, "TLS handshake with " + who + " failed: " + reason_words(error)};
  if (client.state().sends_name())
    return {Fault::protocol, who + " refused the TLS handshake (" + alert_words(error) + ")"};
  const char* advice = client.identity().host_is_address ? "; if it insists on a name, put one into the URL"
                                                         : "; name the upstream by its address, or let SNI be sent";
  return {Fault::protocol, who + " refused the handshake without SNI (" + alert_words(error) + ")" + advice};
}

Bytes TlsStream::pending() const {
  if (state_->impossible) return {};
  const char* data = nullptr;
  const long size = BIO_get_mem_data(SSL_get_wbio(state_->ssl.get()), &data);
  const Bytes all(reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(std::max(size, 0L)));
  return all.subspan(state_->sent);
}

void TlsStream::sent(std::size_t count) {
  const bool all = count == pending().size();
  state_->sent = all ? 0 : state_->sent + count;
  if (all && !state_->impossible) BIO_reset(SSL_get_wbio(state_->ssl.get()));
}

void TlsStream::close() {
  if (!state_->established) return;
  SSL_shutdown(state_->ssl.get());
  ERR_clear_error();
}

bool TlsStream::established() const { return state_->established; }

void TlsStream::describe(ConnectionFacts& facts) const {
  if (!state_->established) return;
  describe_session(state_->ssl.get(), facts);
  facts.verified = state_->expected;
}

}  // namespace tacet
