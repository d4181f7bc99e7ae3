#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <utility>

#include "base/shield.hpp"
#include "transport/tls/tls_state.hpp"

namespace tacet {

namespace {

/// An entry has a handful of addresses. If they keep changing, the slots must not grow for ever.
constexpr std::size_t most_slots = 32;
constexpr std::size_t most_sessions = 2;

/// For TLS 1.2: only ephemeral key exchange with AEAD (RFC 9325 §4.2, RFC 9113 §9.2.2).
constexpr const char* cipher_suites = "ECDHE+AESGCM:ECDHE+CHACHA20";

bool accepts_groups(const char* list) {
  const ContextPointer probe(SSL_CTX_new(TLS_client_method()));
  const bool accepted = probe && SSL_CTX_set1_groups_list(probe.get(), list) == 1;
  ERR_clear_error();
  return accepted;
}

/// OpenSSL has a new session; 0 tells it that we hold no reference to this object.
int on_new_session(SSL* ssl, SSL_SESSION* session) {
  return shielded(0, [=] {
    const TlsHandshake* handshake = TlsHandshake::of(ssl);
    if (handshake == nullptr) return 0;
    TlsClient::State& client = handshake->client.state();
    if (handshake->epoch == client.epoch) client.slot(handshake->peer.host()).keep(session);
    return 0;
  });
}

std::string group_name(SSL* ssl) {
  const long group = SSL_get_negotiated_group(ssl);
  const int nid = static_cast<int>(group);
  if (nid == 0) return {};
  if (const char* nist = EC_curve_nid2nist(nid)) return nist;
  if (const char* short_name = (nid & TLSEXT_nid_unknown) == 0 ? OBJ_nid2sn(nid) : nullptr) return short_name;
  const char* name = SSL_group_to_name(ssl, nid);
  return name != nullptr ? name : std::string();
}

}  // namespace

const char* tls_cipher_suites() { return cipher_suites; }

// With key shares for the hybrid and the classical group at once, so that no
/// server needs a second round trip (OpenSSL 3.5); with the hybrid first; classical.
const char* tls_groups() {
  static const char* const best = [] {
    for (const char* list : {"*X25519MLKEM768:*X25519:P-256:P-384", "X25519MLKEM768:X25519:P-256:P-384"})
      if (accepts_groups(list)) return list;
    return "X25519:P-256:P-384";
  }();
  return best;
}

void SessionSlot::keep(const SSL_SESSION* session) {
  SessionPointer copy(SSL_SESSION_dup(session));
  if (!copy) return;
  std::erase_if(kept_, [](const Kept& each) { return each.used; });
  if (kept_.size() == most_sessions) kept_.erase(kept_.begin());
  kept_.push_back({std::move(copy), false});
}

SessionPointer SessionSlot::take() {
  if (kept_.empty()) return nullptr;
  const auto unused = std::find_if(kept_.rbegin(), kept_.rend(), [](const Kept& each) { return !each.used; });
  Kept& chosen = unused != kept_.rend() ? *unused : kept_.back();
  chosen.used = true;
  return SessionPointer(SSL_SESSION_dup(chosen.session.get()));
}

SessionSlot& TlsClient::State::slot(const std::string& address) {
  if (sessions.size() >= most_slots && !sessions.contains(address)) sessions.clear();
  return sessions[address];
}

void TlsClient::State::drop_sessions() {
  sessions.clear();
  ++epoch;
}

bool TlsClient::State::follow_trust() {
  const auto [store, now] = trust->state().current();
  if (!context) {
    generation = now;
    return make_context(store.get());
  }
  if (now == generation) return true;
  generation = now;
  SSL_CTX_set1_cert_store(context.get(), store.get());
  drop_sessions();
  return true;
}

bool TlsClient::State::make_context(X509_STORE* store) {
  context.reset(SSL_CTX_new(TLS_client_method()));
  const bool ready = context && prepare(context.get(), store);
  if (!ready) context.reset();
  ERR_clear_error();
  return ready;
}

bool TlsClient::State::prepare(SSL_CTX* for_context, X509_STORE* store) {
  SSL_CTX_set1_cert_store(for_context, store);
  SSL_CTX_set_verify(for_context, SSL_VERIFY_PEER, SSL_CTX_get_verify_callback(for_context));
  SSL_CTX_set_session_cache_mode(for_context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(for_context, on_new_session);
  SSL_CTX_set_options(for_context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  return SSL_CTX_set_min_proto_version(for_context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(for_context, cipher_suites) == 1 &&
         SSL_CTX_set1_groups_list(for_context, tls_groups()) == 1;
}

TlsClient::TlsClient(TlsIdentity identity, std::shared_ptr<TrustStore> trust) : state_(std::make_unique<State>()) {
  state_->identity = std::move(identity);
  state_->trust = std::move(trust);
  tls_groups();  // the library sets itself up now: two milliseconds that the first query need not wait
}

TlsClient::~TlsClient() = default;

const TlsIdentity& TlsClient::identity() const { return state_->identity; }
bool TlsClient::refused_only_time() const { return state_->refused_only_time; }

void TlsClient::forget_sessions() { state_->drop_sessions(); }

bool set_sni(SSL* ssl, const char* name) {
  return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(name)) == 1;
}

void describe_session(const SSL* ssl, ConnectionFacts& facts) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  facts.sni = name != nullptr ? name : "";
  facts.tls_version = SSL_get_version(ssl);
  facts.key_exchange = group_name(const_cast<SSL*>(ssl));  // the call takes no const object, but changes nothing
  facts.resumed = SSL_session_reused(ssl) == 1;
}

bool tls_has_ech() { return false; }  // OpenSSL has it from 4.0 on, behind calls that nothing here makes yet

bool tls_has_post_quantum() { return std::string_view(tls_groups()).contains("MLKEM"); }

}  // namespace tacet
