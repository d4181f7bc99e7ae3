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

namespace tacet {

/// The certificate authorities that one bundle file holds: read once (a bundle costs 18 to 28 ms), shared by every
/// connection of the process, read again when the file has changed. Safe to use from several threads.
class TrustStore {
public:
  struct State;

  /// `file` empty: the system's bundle. `open` opens it, this time and later. Fault::invalid_config with the path
  /// when it cannot be read or holds no certificate.
  static Result<std::shared_ptr<TrustStore>> load(const std::string& file, OpenFile open = open_file);
  /// Reads on a thread of its own, so that serving can begin meanwhile; whoever needs a certificate checked waits for
  /// it.
  static std::shared_ptr<TrustStore> begin_load(const std::string& file, OpenFile open = open_file);
  /// Where systems keep their bundle, the likeliest first: the first that is there is what an empty `file` means.
  static std::vector<std::string> system_bundles();
  /// Waits until the bundle has been read; the fault of load(), if it could not be.
  Result<void> await() const;
  ~TrustStore();

  /// Reads the file again if it has changed; a file that cannot be read keeps what was there (and is logged).
  void refresh();
  /// Whose authorities these are.
  const std::string& file() const;
  /// Counts the reloads; part of a session's identity, since a resumed session is not verified against the store.
  unsigned generation() const;

  const State& state() const { return *state_; }

private:
  explicit TrustStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Who the peer must prove to be, and what we show of that.
struct TlsIdentity {
  std::string host;  ///< name or address that the certificate must carry
  bool host_is_address = false;
  Sni sni = Sni::send;  ///< an address is never sent as SNI (RFC 6066 §3)
};

/// TLS settings of one upstream entry in one worker: an SSL_CTX for DoT, and what libcurl's contexts get of the same
/// trust, groups, cipher suites and sessions. Sessions for resumption are kept in memory only: per address the newest
/// two, for as long as neither the network nor the trust store changes. Must outlive its streams and the contexts it
/// has prepared.
class TlsClient {
public:
  struct State;
  TlsClient(TlsIdentity identity, std::shared_ptr<TrustStore> trust);
  ~TlsClient();

  const TlsIdentity& identity() const;
  /// Forgets sessions (network change); those of connections made before are not kept any more.
  void forget_sessions();

  State& state() { return *state_; }

private:
  std::unique_ptr<State> state_;
};

class TlsBuffer;

/// The handshake of libcurl's one connection (ALPN "h2") with the server at `peer`: judged by the same rules as a
/// TlsStream's, by OpenSSL itself and while it goes on; libcurl is to check no name. Must outlive libcurl's connection,
/// and so must `buffer`, which moves its octets from the ClientHello on: libcurl itself never reads the socket, so none
/// of its releases can have read ahead.
class ForeignHandshake {
public:
  struct State;
  ForeignHandshake(TlsClient& client, const SocketAddress& peer, TlsBuffer& buffer);
  ~ForeignHandshake();

  /// For CURLOPT_SSL_CTX_FUNCTION: prepares libcurl's SSL_CTX (an opaque pointer, since this is the only room with
  /// OpenSSL). False if it could not: the handshake must then not go on.
  bool prepare(void* ssl_ctx);
  /// True from the ClientHello until both sides are done.
  bool is_under_way() const;
  /// Why it ended under way, in the words of a TlsStream; `was_reset`: the socket was.
  Error failure(bool was_reset) const;
  /// To be asked before anything is sent over the connection: fills sni, verified, tls_version, key_exchange and
  /// resumed. Faults: tls_untrusted (it was not checked), protocol (HTTP/2 was not agreed on).
  Result<void> finish(ConnectionFacts& facts) const;

private:
  std::unique_ptr<State> state_;
};

/// The TLS engine of one DoT connection: bytes in, bytes out, no socket (OpenSSL over memory BIOs).
class TlsStream {
public:
  struct State;
  /// Starts the handshake as a client (ALPN "dot", RFC 7858) with the server at `peer`. If the identity's host is an
  /// address, the certificate must be valid for `peer`'s, for an entry may list several. The client must outlive the
  /// stream.
  TlsStream(TlsClient& client, const SocketAddress& peer);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  /// Takes octets from the socket and appends the plaintext to `plain`. Faults: tls_untrusted (who, why), protocol
  /// (alert or garbage), cancelled (close_notify).
  Result<void> receive(Bytes cipher, std::vector<std::uint8_t>& plain);
  /// Encrypts as few records as possible; kept until the handshake is over.
  Result<void> send(Bytes plain);
  /// The octets that wait for the socket; `sent(n)` drops the first n of them.
  Bytes pending() const;
  void sent(std::size_t count);
  /// Queues a close_notify.
  void close();
  /// Why the handshake failed, if the connection ended under way; `was_reset`: the socket was. Fault::unreachable.
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
