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
#include "transport/tls/tls.hpp"

/// What the files of the TLS room share. Only they may include this.
namespace tacet {

template <auto Release>
struct Releaser {
  template <class T>
  void operator()(T* held) const {
    Release(held);
  }
};
using ContextPointer = std::unique_ptr<SSL_CTX, Releaser<SSL_CTX_free>>;
using SslPointer = std::unique_ptr<SSL, Releaser<SSL_free>>;
using SessionPointer = std::unique_ptr<SSL_SESSION, Releaser<SSL_SESSION_free>>;
using StorePointer = std::unique_ptr<X509_STORE, Releaser<X509_STORE_free>>;

/// True if an error of OpenSSL's says that memory is out: nobody but this machine is to blame for it.
bool is_scarcity(unsigned long error);
/// OpenSSL's words for one of its errors; "unknown error" if it has none.
std::string reason_words(unsigned long error);
/// "alert unrecognized name" for an error that is the peer's alert; else empty.
std::string alert_words(unsigned long error);
/// The words of the oldest error in OpenSSL's queue, which is emptied.
std::string take_tls_error();

struct TrustStore::State {
  /// By which a changed file is recognised.
  struct Stamp {
    timespec modified{};
    ino_t inode = 0;
    off_t size = 0;
    friend bool operator==(const Stamp& a, const Stamp& b) {
      return a.modified.tv_sec == b.modified.tv_sec && a.modified.tv_nsec == b.modified.tv_nsec && a.inode == b.inode &&
             a.size == b.size;
    }
  };

  std::string file;
  OpenFile open;
  mutable std::mutex mutex;  // guards what follows
  Stamp stamp;
  StorePointer store;
  unsigned generation = 0;
  // Of the file, for the first time; `store` is set when it is over. Last: its end waits for the thread that sets it.
  std::shared_future<Result<void>> reading;

  /// The store and its generation, taken together; the pointer holds a reference of its own.
  std::pair<StorePointer, unsigned> current() const;
  Result<StorePointer> read_again(const Descriptor& bundle, const Stamp& seen);
};

/// Sessions kept for resumption with one address: the newest two. Only copies are kept and handed out, since an
/// unexpected end of a connection makes its own session object useless (OpenSSL's issue 11378).
class SessionSlot {
public:
  void keep(const SSL_SESSION* session);
  /// A session to try, or null. One that was used already is handed out again only if there is no other: some servers
  /// send no new ticket on a resumed connection and take the old one again, others want each used once (RFC 8446 §C.4).
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
  std::uintptr_t epoch = 0;  // goes up when sessions are dropped: those of older connections are not kept any more

  bool sends_name() const { return !identity.host_is_address && identity.sni == Sni::send; }
  SessionSlot& slot(const std::string& address);
  void drop_sessions();
  /// Makes `context` at the first use, for that costs milliseconds, and brings it up to date if the trust store was
  /// read again. False if OpenSSL refused.
  bool follow_trust();
  bool make_context(X509_STORE* store);
  /// What both our contexts and libcurl's get. False if OpenSSL refused, and so must the handshake be.
  bool prepare(SSL_CTX* context, X509_STORE* store);
};

/// What is to be spoken inside TLS.
struct ApplicationProtocol {
  std::string_view alpn;  ///< as in ALPN (RFC 7301)
  std::string_view name;  ///< for people
  bool is_required;       ///< the server has to choose it; else it may choose nothing
};

/// One handshake, ours or libcurl's: what it must prove, and what was noted of its failure. The same rules and the same
/// words for both. Must outlive its SSL object's handshake.
struct TlsHandshake {
  TlsHandshake(TlsClient& from, const SocketAddress& server, ApplicationProtocol spoken);

  TlsClient& client;
  SocketAddress peer;
  ApplicationProtocol protocol;
  std::uintptr_t epoch = 0;  // TlsClient::State::epoch when it began
  std::string expected;      // the name or address that the certificate must carry
  std::string objection;     // to the certificate: "is not trusted: …"
  unsigned long error = 0;   // OpenSSL's first; 0: the connection ended
  long verdict = X509_V_OK;  // on the certificate

  static TlsHandshake* of(const SSL* ssl);
  /// Sets what the certificate is checked for, SNI, ALPN and a session to resume. False if it could not: the handshake
  /// must then not go on.
  bool prepare(SSL* ssl);
  /// `why` as OpenSSL's queue has it, which is emptied by whoever looks next.
  void note_failure(const SSL* ssl, unsigned long why);
  /// Why the handshake failed. Faults: tls_untrusted (certificate), protocol (alert, no TLS), unreachable (it was cut
  /// off), overloaded (memory).
  Error failure() const;
  /// The connection ended under way.
  Error cut_off(bool was_reset) const;
  /// True if the configuration keeps the server's name from it.
  bool withholds_name() const;
  /// Fault::protocol if the server has not agreed to what is to be spoken.
  Result<void> check_protocol(const SSL* ssl) const;
};

/// Why a certificate is refused, at the moment when OpenSSL does so: "is not valid for the name a.test (it is for …)".
/// Empty if memory is out.
std::string objection(X509_STORE_CTX* check, const std::string& expected);

struct TlsStream::State {
  State(TlsClient& client, const SocketAddress& server);

  TlsHandshake handshake;
  SslPointer ssl;
  std::optional<Error> impossible;    // why the handshake must not even begin
  std::vector<std::uint8_t> waiting;  // plaintext until the handshake is over
  std::size_t sent = 0;               // octets of the outgoing BIO that have left
  bool established = false;           // OpenSSL's own answer changes back when it meets an error

  Result<void> write(Bytes plain);
  Error failure(int status);
};

/// What the next ClientHello names; null: nothing. False if OpenSSL refused.
bool set_sni(SSL* ssl, const char* name);
/// Fills sni, tls_version, key_exchange and resumed.
void describe_session(const SSL* ssl, ConnectionFacts& facts);

}  // namespace tacet
