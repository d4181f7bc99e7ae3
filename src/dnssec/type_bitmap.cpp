#include "dnssec/type_bitmap.hpp"

namespace tacet {
namespace {

/// Calls `visit(window, octets)` for each window until it returns false.
template <class Visit>
void for_each_window(Bytes windows, Visit&& visit) {
  while (windows.size() >= 2 && windows.size() - 2 >= windows[1]) {
    if (!visit(windows[0], windows.subspan(2, windows[1]))) return;
    windows = windows.subspan(2 + std::size_t{windows[1]});
  }
}

bool bit_of(Bytes octets, unsigned bit) { return bit / 8 < octets.size() && (octets[bit / 8] & 0x80U >> bit % 8) != 0; }

}  // namespace

bool TypeBitmap::has(Type type) const {
  const auto number = static_cast<unsigned>(type);
  bool found = false;
  for_each_window(windows_, [&](unsigned window, Bytes octets) {
    found = found || (window == number >> 8 && bit_of(octets, number & 0xFF));
    return !found;
  });
  return found;
}

bool TypeBitmap::is_bare() const {
  bool bare = true;
  for_each_window(windows_, [&](unsigned window, Bytes octets) {
    for (unsigned bit = 0; bare && bit < octets.size() * 8; ++bit) {
      const auto type = static_cast<Type>(window << 8 | bit);
      bare = !bit_of(octets, bit) || type == Type::rrsig || type == Type::nsec || type == nxname;
    }
    return bare;
  });
  return bare;
}

}  // namespace tacet
