#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "tacet/name.hpp"

/// Big-endian numbers and names in wire messages. The load functions trust their caller about bounds; WireWriter checks
/// every write.
namespace tacet {

inline constexpr std::size_t header_size = 12;
inline constexpr std::size_t record_head_size = 10;  ///< TYPE, CLASS, TTL and RDLENGTH behind an owner name
inline constexpr std::size_t max_message_size = 65535;

namespace detail {
/// Converts between the byte order of the machine and that of the network.
template <class Number>
constexpr Number network_order(Number number) {
  return std::endian::native == std::endian::little ? std::byteswap(number) : number;
}
template <class Number>
Number load(Bytes wire, std::size_t at) {
  Number number;
  std::memcpy(&number, wire.data() + at, sizeof number);
  return network_order(number);
}
template <class Number>
void store(std::span<std::uint8_t> wire, std::size_t at, Number number) {
  number = network_order(number);
  std::memcpy(wire.data() + at, &number, sizeof number);
}
}  // namespace detail

/// Pre: `at + 2 <= wire.size()`.
inline std::uint16_t load16(Bytes wire, std::size_t at) { return detail::load<std::uint16_t>(wire, at); }
/// Pre: `at + 4 <= wire.size()`.
inline std::uint32_t load32(Bytes wire, std::size_t at) { return detail::load<std::uint32_t>(wire, at); }
/// Pre: `at + 2 <= wire.size()`.
inline void store16(std::span<std::uint8_t> wire, std::size_t at, std::uint16_t value) {
  detail::store(wire, at, value);
}
/// Pre: `at + 4 <= wire.size()`.
inline void store32(std::span<std::uint8_t> wire, std::size_t at, std::uint32_t value) {
  detail::store(wire, at, value);
}

/// The value of a TTL field: 0 if its top bit is set (RFC 2181 §8).
inline std::uint32_t effective_ttl(std::uint32_t field) { return field & 0x80000000U ? 0 : field; }

/// The possibly compressed name at `offset`, which an index pass must have checked; the root if it cannot have checked
/// it.
Name expand_name(Bytes wire, std::size_t offset);

/// The offset behind the possibly compressed name at `offset`, which an index pass must have checked.
std::size_t skip_name(Bytes wire, std::size_t offset);

/// Appends to a buffer of the caller. Leaves out whole what does not fit, and ok() is false from then on.
class WireWriter {
public:
  explicit WireWriter(std::span<std::uint8_t> out) : out_(out) {}

  void u8(std::uint8_t value) {
    if (reserve(1)) out_[size_++] = value;
  }
  void u16(std::uint16_t value) {
    if (!reserve(2)) return;
    store16(out_, size_, value);
    size_ += 2;
  }
  void u32(std::uint32_t value) {
    if (!reserve(4)) return;
    store32(out_, size_, value);
    size_ += 4;
  }
  void bytes(Bytes octets) {
    if (octets.empty() || !reserve(octets.size())) return;
    std::memcpy(out_.data() + size_, octets.data(), octets.size());
    size_ += octets.size();
  }
  std::size_t size() const { return size_; }
  bool ok() const { return ok_; }

private:
  bool reserve(std::size_t count) { return ok_ = ok_ && count <= out_.size() - size_; }

  std::span<std::uint8_t> out_;
  std::size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace tacet
