#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tacet/result.hpp"

namespace tacet {

/// Moves the octets of a foreign SSL object (libcurl's) from and to its socket in large pieces: one system call takes
/// many TLS records in, and what was written during a turn of the loop leaves together. By itself libcurl 7.88 makes
/// four calls for each answer and one for each request.
///
/// The last octet that has come stays in the kernel until those before it have been used, so that the socket looks
/// readable for as long as there is something to read, to libcurl and to the loop alike.
class TlsBuffer {
public:
  /// The descriptor stays the caller's.
  explicit TlsBuffer(int descriptor) : descriptor_(descriptor) {}
  TlsBuffer(const TlsBuffer&) = delete;
  TlsBuffer& operator=(const TlsBuffer&) = delete;

  /// Puts an SSL object that has moved no octet yet (opaque, since only the tls room knows OpenSSL) upon this buffer,
  /// which must outlive it. False if OpenSSL refused.
  bool adopt(void* ssl);

  /// True if the peer has said within TLS that it sends nothing more (close_notify, RFC 8446 §6.1), as far as was read:
  /// its FIN may be yet to come, and need not come before ours.
  bool said_goodbye() const;
  /// For when nobody else reads: reads on until there are octets for a reader, or nothing. True if the peer has said
  /// goodbye, or what it says is no TLS.
  bool look_for_goodbye();

  /// Allows to take so many octets from the socket until the next call: who sends without end must not hold up others.
  void begin_turn() { allowance_ = most_input_in_a_turn; }
  static constexpr std::size_t most_input_in_a_turn = 32768;
  /// How many octets were taken in all.
  std::uint64_t taken() const { return taken_; }

  /// Sends what was written; what the socket cannot take now is kept. Fault::unreachable if the socket is broken.
  Result<void> flush();
  /// True if flush() is to be called again once the socket can be written.
  bool waits() const { return gone_ < out_.size(); }

private:
  struct Bio;
  void refill();

  int descriptor_;
  void* ssl_ = nullptr;   // the adopted one, while it lives
  bool goodbye_ = false;  // what had been said when it ended
  std::vector<std::uint8_t> in_, out_;
  std::size_t used_ = 0, filled_ = 0;  // of in_: handed to OpenSSL, taken from the socket
  std::size_t gone_ = 0;               // of out_: sent
  std::size_t allowance_ = most_input_in_a_turn;
  std::uint64_t taken_ = 0;
  bool ended_ = false;  // the peer has closed
  int failure_ = 0;     // of the last recv(), as errno; 0 if it would only have blocked
};

}  // namespace tacet
