#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tacet/result.hpp"

namespace tacet {

/// Moves the octets of a foreign SSL object (libcurl's) from and to its socket in large pieces: one system call reads
/// many TLS records, and one sends everything that a turn of the loop wrote. By itself libcurl 7.88 makes four calls
/// for each answer and one for each request.
///
/// The last octet stays in the kernel until those before it are used. So the socket looks readable to libcurl and to
/// the loop as long as there is something to read.
class TlsBuffer {
public:
  /// The descriptor stays the caller's.
  explicit TlsBuffer(int descriptor) : descriptor_(descriptor) {}
  TlsBuffer(const TlsBuffer&) = delete;
  TlsBuffer& operator=(const TlsBuffer&) = delete;

  /// Makes an SSL object use this buffer, which must outlive it. The object must not have moved an octet yet. It is
  /// opaque because only src/transport/tls knows OpenSSL. False if OpenSSL refused.
  bool adopt(void* ssl);

  /// True if a close_notify of the peer has been read (RFC 8446 §6.1). Its FIN may come later, even after ours.
  bool said_goodbye() const;
  /// Reads for an idle connection, until there are octets for a reader or nothing is left. True if the peer sent its
  /// goodbye, or octets that are no TLS.
  bool look_for_goodbye();

  /// Allows so many octets from the socket until the next call, so that an endless sender does not hold up others.
  void begin_turn() { allowance_ = most_input_in_a_turn; }
  static constexpr std::size_t most_input_in_a_turn = 32768;
  /// Octets taken from the socket in all.
  std::uint64_t taken() const { return taken_; }

  /// Puts each greeting into two records, see split_greeting(), and two segments; `name` may stand in it.
  void split_greetings(std::string name) { split_name_ = std::move(name); }

  /// Sends the written octets, and keeps those that the socket cannot take now. Fault::unreachable if the socket is
  /// broken.
  Result<void> flush();
  /// True if flush() must be called again when the socket is writable.
  bool waits() const { return gone_ < out_.size(); }

private:
  struct Bio;
  void refill();
  void split();

  int descriptor_;
  void* ssl_ = nullptr;   // the adopted one, while it lives
  bool goodbye_ = false;  // said_goodbye() of an SSL object that is gone or about to be
  std::vector<std::uint8_t> in_, out_;
  std::size_t used_ = 0, filled_ = 0;      // of in_: handed to OpenSSL, taken from the socket
  std::size_t gone_ = 0;                   // of out_: sent
  std::size_t head_ = 0;                   // of out_: leave first and alone
  std::optional<std::string> split_name_;  // of the greetings that are split; nothing: none is
  std::size_t allowance_ = most_input_in_a_turn;
  std::uint64_t taken_ = 0;
  bool ended_ = false;  // the peer has closed
  int failure_ = 0;     // of the last recv(), as errno; 0 if it would only have blocked
};

}  // namespace tacet
