#pragma once
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/descriptor.hpp"
#include "base/file_stamp.hpp"
#include "base/freed_by.hpp"
#include "transport/tls/tls.hpp"

/// Shared by the files of this folder and by transport/quic. Only they may include it.
namespace tacet {

using ContextPointer = std::unique_ptr<SSL_CTX, FreedBy<SSL_CTX_free>>;
using SslPointer = std::unique_ptr<SSL, FreedBy<SSL_free>>;
using SessionPointer = std::unique_ptr<SSL_SESSION, FreedBy<SSL_SESSION_free>>;
using StorePointer = std::unique_ptr<X509_STORE, FreedBy<X509_STORE_free>>;

/// True if an OpenSSL error says that memory is out: that is this machine's fault, not the peer's.
bool is_scarcity(unsigned long error);
/// OpenSSL's words for one of its errors; "unknown error" if it has none.
std::string reason_words(unsigned long error);
/// "alert unrecognized name" if the error is an alert of the peer; else empty.
std::string alert_words(unsigned long error);
/// The words of the oldest error in OpenSSL's queue. Empties the queue.
std::string take_tls_error();

/// The cipher suites for TLS 1.2, of clients and servers.
const char* tls_cipher_suites();
/// The groups for key exchange: the best list that this library takes.
const char* tls_groups();

struct TrustStore::State {
  std::string file;
  OpenFile open;
  mutable std::mutex mutex;        // guards what follows
  std::optional<FileStamp> stamp;  // of the file as it was read; nothing: it counts as not read
  StorePointer store;
  unsigned generation = 0;
  // The first reading of the file; it sets `store` at its end. Last: its destructor waits for the thread.
  std::shared_future<Result<void>> reading;

  /// The store and its generation, taken together; the pointer holds a reference of its own.
  std::pair<StorePointer, unsigned> current() const;
  Result<StorePointer> read_again(const Descriptor& bundle, const std::optional<FileStamp>& seen);
};

/// Sessions kept for resumption with one address: the newest two. It keeps and hands out copies only, because an
/// unexpected end of a connection makes its session object useless (OpenSSL's issue 11378).
class SessionSlot {
public:
  void keep(const SSL_SESSION* session);
  /// A session to try, or null. A used one comes again only if there is no other: some servers send no new ticket on a
  /// resumed connection and take the old one again, others want each used once (RFC 8446 §C.4).
  SessionPointer take();
  void clear() { kept_.clear(); }

private:
  struct Kept {
    SessionPointer session;
    bool used = false;
  };
  std::vector<Kept> kept_;  // the oldest first
};

struct TlsClient::State {
  TlsIdentity identity;
  std::shared_ptr<TrustStore> trust;
  ContextPointer context;
  std::map<std::string, SessionSlot> sessions;  // by address
  unsigned generation = 0;                      // of the trust store in `context`
  std::uintptr_t epoch = 0;        // goes up when sessions are dropped; sessions of an older epoch are not kept
  bool refused_only_time = false;  // of the certificate that was refused last

  SessionSlot& slot(const std::string& address);
  void drop_sessions();
  /// Makes `context` at the first use, because that costs milliseconds, and updates it after a reload of the trust
  /// store. False if OpenSSL refused.
  bool follow_trust();
  bool make_context(X509_STORE* store);
  /// Sets what our contexts and libcurl's have in common. False if OpenSSL refused: the handshake must then not begin.
  bool prepare(SSL_CTX* context, X509_STORE* store);
};

/// The protocol inside TLS.
struct ApplicationProtocol {
  std::string_view alpn;  ///< as in ALPN (RFC 7301)
  std::string_view name;  ///< for people
  bool is_required;       ///< true: the server must choose it; false: it may choose none
};

/// One handshake, ours or libcurl's: its rules, and notes on its failure. Both have the same rules and the same texts.
/// It must outlive its SSL object's handshake.
struct TlsHandshake {
  TlsHandshake(TlsClient& from, const DialTarget& server, ApplicationProtocol spoken);

  TlsClient& client;
  DialTarget peer;
  ApplicationProtocol protocol;
  Sni sni = Sni::send;       // `omit` withholds the name even if the identity sends it
  std::uintptr_t epoch = 0;  // TlsClient::State::epoch when it began
  std::string expected;      // the name or address that the certificate must carry
  std::string objection;     // to the certificate: "is not trusted: …"
  unsigned long error = 0;   // OpenSSL's first; 0: the connection ended
  long verdict = X509_V_OK;  // on the certificate

  static TlsHandshake* of(const SSL* ssl);
  /// Sets the checks of the certificate, SNI, ALPN and a session to resume. False if it failed: the handshake must then
  /// not go on.
  bool prepare(SSL* ssl);
  /// Notes OpenSSL's error `why`, before another call empties its queue.
  void note_failure(const SSL* ssl, unsigned long why);
  /// Why the handshake failed. Faults: tls_untrusted (certificate), protocol (alert, no TLS), unreachable (the
  /// connection ended), overloaded (memory).
  Error failure() const;
  /// The error of a connection that ended during the handshake.
  Error cut_off(bool was_reset) const;
  /// True if the server has a name that is not sent.
  bool withholds_name() const;
  bool sends_name() const;
  /// Fault::protocol if the server did not choose the protocol.
  Result<void> check_protocol(const SSL* ssl) const;
};

/// Why OpenSSL refuses a certificate: "is not valid for the name a.test (it is for …)". Call it in OpenSSL's callback.
/// Empty if memory is out.
std::string objection(X509_STORE_CTX* check, const std::string& expected);
/// True if only the time of the peer's own certificate is over or has not begun. OpenSSL looks at the time last: behind
/// the chain, the name and the signature. Call it as objection().
bool is_only_out_of_time(X509_STORE_CTX* check);

struct TlsStream::State {
  State(TlsClient& client, const DialTarget& server);

  TlsHandshake handshake;
  SslPointer ssl;
  std::optional<Error> impossible;                 // why the handshake must not begin
  std::vector<std::vector<std::uint8_t>> waiting;  // plaintext of each record, until the handshake is over
  std::size_t sent = 0;                            // octets of the outgoing BIO already sent
  std::size_t head = 0;                            // of them, those that leave first and alone
  bool splits = false;                             // greetings
  bool established = false;                        // kept here, because OpenSSL's own answer changes after an error

  Result<void> write(Bytes plain);
  void split();
  Error failure(int status);
};

/// Sets the SNI of the next ClientHello; null: none. False if OpenSSL refused.
bool set_sni(SSL* ssl, const char* name);
/// Fills sni, tls_version, key_exchange and resumed.
void describe_session(const SSL* ssl, ConnectionFacts& facts);

}  // namespace tacet
