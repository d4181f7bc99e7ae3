#include "transport/framing.hpp"

#include <algorithm>

#include "dns/wire.hpp"

namespace tacet {

namespace {

constexpr std::size_t length_size = 2;
/// So much may stay for the next messages, octets.
constexpr std::size_t most_kept = 4096;

}  // namespace

std::vector<std::uint8_t>& FrameReader::tail() {
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begins_));
  begins_ = 0;
  return buffer_;
}

void FrameReader::feed(Bytes octets) {
  std::vector<std::uint8_t>& to = tail();
  to.insert(to.end(), octets.begin(), octets.end());
}

std::optional<Bytes> FrameReader::next() {
  const Bytes rest = Bytes(buffer_).subspan(begins_);
  if (rest.size() < length_size) return std::nullopt;
  const std::size_t size = load16(rest, 0);
  if (rest.size() - length_size < size) return std::nullopt;
  begins_ += length_size + size;
  return rest.subspan(length_size, size);
}

void FrameReader::release() {
  if (partial() || buffer_.capacity() <= most_kept) return;
  buffer_ = std::vector<std::uint8_t>();  // {} would keep the memory
  begins_ = 0;
}

FrameGroup first_frames(Bytes frames, std::size_t most) {
  FrameGroup group{0, length_size + load16(frames, 0)};
  while (group.size < frames.size()) {
    const std::size_t end = group.size + length_size + load16(frames, group.size);
    if (end > most) break;
    group = {group.size, end};
  }
  return group;
}

void append_frame(std::vector<std::uint8_t>& out, Bytes message) {
  const std::size_t begins = out.size();
  out.resize(begins + length_size + message.size());  // at once, so that without memory there is no half of a frame
  store16(out, begins, static_cast<std::uint16_t>(message.size()));
  // g++ 12 makes a loop over octets of std::ranges::copy, and a call of memmove of this.
  std::copy(message.begin(), message.end(), out.begin() + static_cast<std::ptrdiff_t>(begins + length_size));
}

}  // namespace tacet
