#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "tacet/name.hpp"

namespace tacet {

/// Cuts a stream into DNS messages, each behind its length in two octets (RFC 1035 §4.2.2, RFC 7858 §3.3). It keeps one
/// buffer; a message is handed out where it lies.
class FrameReader {
public:
  /// Where to append what the stream brings. Invalidates what next() returned.
  std::vector<std::uint8_t>& tail();
  /// Appends a copy of `octets`. Invalidates what next() returned.
  void feed(Bytes octets);

  /// The next complete message, without its length; nothing if there is none yet. Valid until tail() or feed(). A
  /// length of 0 makes an empty message. If you call it until it returns nothing, the buffer stays below 64 KiB plus
  /// one read.
  std::optional<Bytes> next();

  /// Gives the memory of many messages back if all were handed out. Invalidates what next() returned.
  void release();

  /// True if a message has begun to arrive: an end of the stream would cut it.
  bool partial() const { return begins_ < buffer_.size(); }

private:
  std::vector<std::uint8_t> buffer_;
  std::size_t begins_ = 0;  // of the first octet not handed out
};

/// Whole frames that stand one behind the other.
struct FrameGroup {
  std::size_t last_begins;  ///< octets before the last frame; 0: it is the only one
  std::size_t size;         ///< octets of them all
};

/// The first of `frames` that fit into `most` octets together, but at least one. Pre: `frames` holds whole frames, and
/// is not empty.
FrameGroup first_frames(Bytes frames, std::size_t most);

/// Appends `message` behind its length. Pre: at most 65535 octets.
void append_frame(std::vector<std::uint8_t>& out, Bytes message);

}  // namespace tacet
