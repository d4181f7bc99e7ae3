#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "base/descriptor.hpp"
#include "tacet/name.hpp"

namespace tacet {

/// Why a stream moves no octets.
enum class StreamStop : std::uint8_t {
  blocked,  ///< not now: wait until the descriptor is ready
  ended,    ///< the other side sends nothing more; it may still read
  broken,   ///< the connection is over
};

/// The octets of one connection in both directions. It never blocks.
class ByteStream {
public:
  virtual ~ByteStream() = default;
  /// Fills the front of `out`. Returns the number of octets, at least one.
  virtual std::expected<std::size_t, StreamStop> read(std::span<std::uint8_t> out) = 0;
  /// Takes the front of `octets`, to be sent now or by push(). Returns the number of octets taken, at least one. After
  /// `blocked`, the next call must begin with the same octets. Over TLS each call makes records of its own.
  virtual std::expected<std::size_t, StreamStop> write(Bytes octets) = 0;
  /// Sends what write() has kept, as far as the descriptor takes it. False if the connection is broken.
  virtual bool push() { return true; }
  /// True if the stream has kept octets that push() must send once the descriptor can be written to.
  virtual bool keeps() const { return false; }
  /// The descriptor to watch. The stream owns it.
  virtual int descriptor() const = 0;
  /// Takes its leave of the other side, as far as its protocol has words for that, and gives the socket away. Nothing
  /// may be called behind it.
  virtual Descriptor release() = 0;
  /// True if octets for read(), or the end of them, are here already, so that the descriptor may not tell of them.
  virtual bool holds_more() const { return false; }
  /// The protocol that both sides agreed on (RFC 7301), such as "h2"; empty if they agreed on none.
  virtual std::string_view protocol() const { return {}; }
};

/// The plain octets of a TCP or Unix socket.
class SocketStream final : public ByteStream {
public:
  /// `socket` must not block.
  explicit SocketStream(Descriptor socket) : socket_(std::move(socket)) {}
  std::expected<std::size_t, StreamStop> read(std::span<std::uint8_t> out) override;
  std::expected<std::size_t, StreamStop> write(Bytes octets) override;
  int descriptor() const override { return socket_.get(); }
  Descriptor release() override { return std::move(socket_); }

private:
  Descriptor socket_;
};

}  // namespace tacet
