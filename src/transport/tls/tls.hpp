#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tacet/config.hpp"
#include "tacet/message.hpp"
#include "tacet/open_file.hpp"
#include "tacet/result.hpp"
#include "tacet/upstream.hpp"
#include "transport/dial/dial_path.hpp"
#include "transport/dial/dial_target.hpp"

namespace tacet {

/// The certificate authorities of one bundle file. It reads the file once (18 to 28 ms), shares the result among all
/// connections of the process, and reads the file again after a change. Safe to use from several threads.
class TrustStore {
public:
  struct State;

  /// `file` empty: the system's bundle. `open` opens it, this time and later. Fault::invalid_config with the path
  /// when it cannot be read or holds no certificate.
  static Result<std::shared_ptr<TrustStore>> load(const std::string& file, OpenFile open = open_file);
  /// Reads on a thread of its own, so that the resolver can serve meanwhile; a handshake waits for the result.
  static std::shared_ptr<TrustStore> begin_load(const std::string& file, OpenFile open = open_file);
  /// Usual paths of the system's bundle, the likeliest first. An empty `file` means the first that exists.
  static std::vector<std::string> system_bundles();
  /// Waits until the bundle is read. Faults as load().
  Result<void> await() const;
  ~TrustStore();

  /// Reads the file again after a change. If that fails, logs it and keeps the former authorities.
  void refresh();
  /// The path of the bundle file.
  const std::string& file() const;
  /// Counts the reloads; part of a session's identity, since a resumed session is not verified against the store.
  unsigned generation() const;

  const State& state() const { return *state_; }

private:
  explicit TrustStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The identity that the peer must prove, and whether SNI shows it.
struct TlsIdentity {
  std::string host;  ///< name or address that the certificate must carry
  bool host_is_address = false;
  Sni sni = Sni::send;  ///< an address is never sent as SNI (RFC 6066 §3)
};

/// TLS settings of one upstream entry in one worker: trust, groups, cipher suites and sessions, for DoT's SSL_CTX and
/// for libcurl's contexts. It keeps sessions for resumption in memory only: the newest two of each address, until the
/// network or the trust store changes. It must outlive its streams and the contexts that it prepared.
class TlsClient {
public:
  struct State;
  TlsClient(TlsIdentity identity, std::shared_ptr<TrustStore> trust);
  ~TlsClient();

  const TlsIdentity& identity() const;
  /// Forgets all sessions (network change), and keeps no later ones of present connections.
  void forget_sessions();
  /// True if the certificate that was refused last is of a trusted authority and for the right name, and only its time
  /// is over or has not begun. Then nothing shows that somebody else answers.
  bool refused_only_time() const;

  State& state() { return *state_; }

private:
  std::unique_ptr<State> state_;
};

class TlsBuffer;

/// The handshake of libcurl's one connection (ALPN "h2") with the server at `peer`: OpenSSL itself checks it during the
/// handshake, by the same rules as a TlsStream's; libcurl checks no name. It must outlive libcurl's connection, and so
/// must `buffer`, which moves the octets from the ClientHello on. libcurl never reads the socket, so none of its
/// releases can read ahead.
class ForeignHandshake {
public:
  struct State;
  /// `sni` and `framing`: see TlsStream.
  ForeignHandshake(TlsClient& client, const DialTarget& peer, TlsBuffer& buffer, Sni sni = Sni::send,
                   HelloFraming framing = HelloFraming::whole);
  ~ForeignHandshake();

  /// For CURLOPT_SSL_CTX_FUNCTION: prepares libcurl's SSL_CTX (an opaque pointer, since this is the only room with
  /// OpenSSL). False if it failed: the handshake must then not go on.
  bool prepare(void* ssl_ctx);
  /// True from the ClientHello until the handshake is complete.
  bool is_under_way() const;
  /// Why it ended before it was complete, in the words of a TlsStream; `was_reset`: the socket was reset.
  Error failure(bool was_reset) const;
  /// Call it before you send anything over the connection. Fills sni, verified, tls_version, key_exchange and resumed.
  /// Faults: tls_untrusted (OpenSSL did not check it), protocol (the server did not choose HTTP/2).
  Result<void> finish(ConnectionFacts& facts) const;

private:
  std::unique_ptr<State> state_;
};

/// The TLS engine of one DoT connection: bytes in, bytes out, no socket (OpenSSL over memory BIOs).
class TlsStream {
public:
  struct State;
  /// Starts the handshake as a client (ALPN "dot", RFC 7858) with the server at `peer`. If the identity's host is an
  /// address, the certificate must be valid for `peer`'s address, because an entry may list several. The client must
  /// outlive the stream. `omit` withholds the server's name even if the identity sends it. `split` puts the greeting
  /// into two records, see split_greeting(); the octets up to the end of the first one are pending() alone.
  TlsStream(TlsClient& client, const DialTarget& peer, Sni sni = Sni::send, HelloFraming framing = HelloFraming::whole);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  /// Takes octets from the socket and appends the plaintext to `plain`. Faults: tls_untrusted (the peer and the
  /// reason), protocol (alert or garbage), cancelled (close_notify).
  Result<void> receive(Bytes cipher, std::vector<std::uint8_t>& plain);
  /// Encrypts into a record of its own, or more if it is too long for one. Keeps the octets until the handshake is
  /// over.
  Result<void> send(Bytes plain);
  /// The octets that wait for the socket; `sent(n)` drops the first n of them.
  Bytes pending() const;
  void sent(std::size_t count);
  /// Queues a close_notify.
  void close();
  /// Why the handshake failed, if the connection ended before it was complete; `was_reset`: the socket was reset.
  /// Fault::unreachable.
  Error cut_off(bool was_reset) const;

  bool established() const;
  /// Fills sni, verified, tls_version, key_exchange, resumed.
  void describe(ConnectionFacts& facts) const;

private:
  std::unique_ptr<State> state_;
};

/// "OpenSSL 3.0.22 …" as loaded.
std::string tls_library_version();
/// True if this build can encrypt the ClientHello (ECH).
bool tls_has_ech();
/// True if hybrid post-quantum groups are offered.
bool tls_has_post_quantum();

}  // namespace tacet
