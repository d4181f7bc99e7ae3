#include "dns/wire.hpp"

#include <array>

namespace tacet {

Name expand_name(Bytes wire, std::size_t offset) {
  std::array<std::uint8_t, Name::max_size> octets;
  std::size_t size = 0;
  std::size_t floor = offset;
  for (std::size_t at = offset; at < wire.size();) {
    const std::size_t length = wire[at];
    if (length >= 0xC0) {
      if (at + 1 >= wire.size()) break;
      at = (length & 0x3FU) << 8 | wire[at + 1];
      if (at >= floor) break;
      floor = at;
      continue;
    }
    const std::size_t label = length + 1;
    if (length > 63 || size + label > octets.size() || at + label > wire.size()) break;
    std::memcpy(octets.data() + size, wire.data() + at, label);
    size += label;
    at += label;
    if (length == 0) return Name::from_checked_wire({octets.data(), size});
  }
  return Name();
}

std::size_t skip_name(Bytes wire, std::size_t offset) {
  while (wire[offset] != 0) {
    if (wire[offset] >= 0xC0) return offset + 2;
    offset += wire[offset] + 1U;
  }
  return offset + 1;
}

}  // namespace tacet
