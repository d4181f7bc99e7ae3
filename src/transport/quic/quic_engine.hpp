#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "tacet/config.hpp"
#include "tacet/message.hpp"
#include "tacet/result.hpp"
#include "tacet/upstream.hpp"
#include "transport/dial/dial_target.hpp"
#include "transport/quic/doq_error.hpp"
#include "transport/tls/tls.hpp"

namespace tacet {

/// A stream of a QuicEngine: one query and its answer (RFC 9250 §4.2). Its destructor gives up what has not come yet.
/// The engine must outlive it.
class QuicStream {
public:
  /// Takes over OpenSSL's object, opaque because only this room knows OpenSSL.
  explicit QuicStream(void* opened) : handle_(opened) {}
  void* get() const { return handle_.get(); }

private:
  struct Release {
    void operator()(void* held) const;
  };
  std::unique_ptr<void, Release> handle_;
};

/// The client's side of one QUIC connection for DNS (RFC 9000, RFC 9250), by OpenSSL, over a UDP socket that is
/// connected to the server. It has no loop: each call does what can be done now. The peer is verified by the rules of
/// every TlsClient; no early data is sent. Each engine has a context of its own: OpenSSL 3.5 keeps a server's address
/// token in the context and then fails at the second connection.
class QuicEngine {
public:
  /// The descriptor stays the caller's. It and `client` must outlive the engine. `sni`: see TlsStream.
  QuicEngine(TlsClient& client, int descriptor, const DialTarget& peer, Sni sni = Sni::send);
  /// Tells the server that the connection is over, if close() did not.
  ~QuicEngine();
  QuicEngine(const QuicEngine&) = delete;
  QuicEngine& operator=(const QuicEngine&) = delete;

  /// Goes on with the handshake; true once it is over and the peer has proved its identity. Faults: tls_untrusted,
  /// protocol, unreachable (refused, or ended), overloaded.
  Result<bool> shake_hands();
  /// Reads what has come, sends what waits, and does what is due. Faults, which end the connection: cancelled (the
  /// server closed it, or it was idle for too long), protocol, unreachable.
  Result<void> turn();
  /// In what time turn() must be called although nothing comes; nothing: it need not.
  std::optional<Duration> due_in() const;
  /// True if turn() must be called when the socket can be written.
  bool wants_write() const;

  /// How many further streams the server allows now.
  std::uint64_t streams_left() const;
  /// Opens a stream and writes `octets` and its end; the next turn() sends them. Nothing if no stream can be opened.
  std::optional<QuicStream> ask(Bytes octets);
  /// Appends what has come on a stream. True once nothing more will come. Fault::protocol if the server gave it up.
  Result<bool> read(const QuicStream& stream, std::vector<std::uint8_t>& out);
  /// True once the server has acknowledged everything that was written to the stream.
  bool is_acknowledged(const QuicStream& stream) const;

  /// Tells the server that the connection is over. Nothing more comes.
  void close(DoqError why);

  /// After how much silence either side drops the connection (RFC 9000 §10.1); nothing if never.
  std::optional<Duration> idle_limit() const;
  /// Fills sni, verified, tls_version, key_exchange and resumed.
  void describe(ConnectionFacts& facts) const;

private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tacet
