#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/shield.hpp"
#include "transport/tls/tls_state.hpp"

namespace tacet {

namespace {

int handshake_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

/// Notes the objection and changes no verdict. After a bad one the SSL object no longer has the certificate.
int on_verified(int good, X509_STORE_CTX* check) {
  const auto* ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(check, SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (good != 0) return good;
  return shielded(good, [&] {
    TlsHandshake& handshake = *TlsHandshake::of(ssl);
    handshake.objection = objection(check, handshake.expected);
    handshake.client.state().refused_only_time = is_only_out_of_time(check);
    return good;
  });
}

bool is_alert(unsigned long error) {
  return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) >= SSL_AD_REASON_OFFSET;
}

/// True if the connection ended during the handshake.
bool is_end(unsigned long error) {
  return error == 0 || ERR_SYSTEM_ERROR(error) ||
         (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING);
}

int alert_of(unsigned long error) { return ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET; }

constexpr std::string_view nothing_in_common = "it shares no cipher suite or key exchange group with us";
constexpr std::string_view too_old = "it speaks neither TLS 1.3 nor TLS 1.2";

/// The meaning of an alert in a handshake, if servers agree on it.
std::string meaning_of(int alert, const TlsHandshake& handshake) {
  const TlsIdentity& identity = handshake.client.identity();
  switch (alert) {
    case SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_INSUFFICIENT_SECURITY:
      return fmt::format("{}{}", nothing_in_common,
                         handshake.withholds_name() ? ", or insists on the name that `sni: omit` withholds" : "");
    case SSL_AD_PROTOCOL_VERSION:
      return std::string(too_old);
    case TLS1_AD_NO_APPLICATION_PROTOCOL:
      return fmt::format("it does not speak {} there", handshake.protocol.name);
    case SSL_AD_UNRECOGNIZED_NAME:
      if (handshake.sends_name()) return "it does not know the name " + handshake.expected;
      return identity.host_is_address
                 ? "it insists on a name (SNI): put one into the URL"
                 : "it insists on a name (SNI): name the upstream by its address, or let SNI be sent";
    default:
      return {};
  }
}

/// The text of an error that our side found in a handshake.
std::string words_of(unsigned long error, const std::string& server, std::string_view protocol) {
  switch (ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
      return server + " does not speak TLS on this port";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
      return fmt::format("the TLS handshake with {} failed: {}", server, too_old);
    case SSL_R_WRONG_CIPHER_RETURNED:
    case SSL_R_UNKNOWN_CIPHER_RETURNED:
    case SSL_R_WRONG_CURVE:
      return fmt::format("the TLS handshake with {} failed: {}", server, nothing_in_common);
    case SSL_R_BAD_EXTENSION:  // also OpenSSL's reason for an ALPN that was not offered
      return fmt::format("{} does not speak {} there: it chose a protocol that was not offered", server, protocol);
    default:
      return fmt::format("the TLS handshake with {} failed: {}", server, reason_words(error));
  }
}

}  // namespace

std::string alert_words(unsigned long error) {
  return is_alert(error) ? std::string("alert ") + SSL_alert_desc_string_long(alert_of(error)) : std::string();
}

TlsHandshake::TlsHandshake(TlsClient& from, const DialTarget& server, ApplicationProtocol spoken)
    : client(from),
      peer(server),
      protocol(spoken) {
  const TlsIdentity& identity = client.identity();
  // An entry may list several addresses: the certificate must be for this peer's.
  expected = identity.host_is_address ? peer.ip()->without_interface().to_string() : identity.host;
  if (!identity.host_is_address && expected.ends_with('.')) expected.pop_back();  // certificates carry names without it
}

TlsHandshake* TlsHandshake::of(const SSL* ssl) {
  return static_cast<TlsHandshake*>(SSL_get_ex_data(ssl, handshake_index()));
}

bool TlsHandshake::prepare(SSL* ssl) {
  const TlsIdentity& identity = client.identity();
  std::vector<unsigned char> offer{static_cast<unsigned char>(protocol.alpn.size())};
  offer.insert(offer.end(), protocol.alpn.begin(), protocol.alpn.end());
  if (SSL_set_ex_data(ssl, handshake_index(), this) != 1 ||
      SSL_set_alpn_protos(ssl, offer.data(), static_cast<unsigned>(offer.size())) != 0)
    return false;
  SSL_set_verify(ssl, SSL_VERIFY_PEER, on_verified);
  X509_VERIFY_PARAM* const check = SSL_get0_param(ssl);
  // A name in the subject proves nothing (RFC 9525 §2).
  X509_VERIFY_PARAM_set_hostflags(check, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const bool checks =
      !expected.empty() &&
      (identity.host_is_address ? X509_VERIFY_PARAM_set1_ip_asc(check, expected.c_str()) == 1
                                : X509_VERIFY_PARAM_set1_host(check, expected.data(), expected.size()) == 1);
  if (!checks || !set_sni(ssl, sends_name() ? expected.c_str() : nullptr)) return false;
  if (const SessionPointer session = client.state().slot(peer.host()).take()) SSL_set_session(ssl, session.get());
  return true;
}

void TlsHandshake::note_failure(const SSL* ssl, unsigned long why) {
  if (error == 0) error = why;
  verdict = SSL_get_verify_result(ssl);
}

Error TlsHandshake::failure() const {
  client.state().slot(peer.host()).clear();  // a session may be the cause, and is not worth a second failure
  const std::string server = to_string(peer);
  if (is_scarcity(error) || verdict == X509_V_ERR_OUT_OF_MEM) return {Fault::overloaded, "out of memory"};
  if (!objection.empty()) return {Fault::tls_untrusted, fmt::format("certificate of {} {}", server, objection)};
  if (verdict != X509_V_OK)
    return {Fault::tls_untrusted,
            fmt::format("certificate of {} is not trusted: {}", server, X509_verify_cert_error_string(verdict))};
  if (is_end(error)) return cut_off(false);
  if (!is_alert(error)) return {Fault::protocol, words_of(error, server, protocol.name)};
  const std::string meaning = meaning_of(alert_of(error), *this);
  return {Fault::protocol, fmt::format("{} refused the TLS handshake ({}){}{}", server, alert_words(error),
                                       meaning.empty() ? "" : ": ", meaning)};
}

bool TlsHandshake::withholds_name() const {
  return !client.identity().host_is_address && (client.identity().sni == Sni::omit || sni == Sni::omit);
}

bool TlsHandshake::sends_name() const { return !client.identity().host_is_address && !withholds_name(); }

Error TlsHandshake::cut_off(bool was_reset) const {
  client.state().slot(peer.host()).clear();
  return {
      Fault::unreachable,
      fmt::format("{} {} the connection during the TLS handshake{}", to_string(peer), was_reset ? "reset" : "closed",
                  withholds_name() ? "; maybe it insists on the name that `sni: omit` withholds" : "")};
}

/// A server may choose only a protocol that was offered (RFC 7301 §3.2).
Result<void> TlsHandshake::check_protocol(const SSL* ssl) const {
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &chosen, &size);
  if (chosen == nullptr && !protocol.is_required) return {};
  if (chosen != nullptr && std::string_view(reinterpret_cast<const char*>(chosen), size) == protocol.alpn) return {};
  const char* what =
      chosen == nullptr ? "it agrees to no protocol by ALPN" : "it chose a protocol that was not offered";
  return fail(Fault::protocol, fmt::format("{} does not speak {} there: {}", to_string(peer), protocol.name, what));
}

}  // namespace tacet
