#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

/// Eight octets at once, in the machine's byte order.
namespace tacet {

inline constexpr std::size_t word_size = sizeof(std::uint64_t);

/// Pre: eight octets are at `from`.
inline std::uint64_t load_word(const std::uint8_t* from) {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// Pre: there is room for eight octets at `to`.
inline void store_word(std::uint8_t* to, std::uint64_t word) { std::memcpy(to, &word, sizeof word); }

/// fold() of eight octets at once, without a branch.
constexpr std::uint64_t fold_word(std::uint64_t word) {
  constexpr std::uint64_t each = 0x0101010101010101U, high = 0x80 * each;
  const std::uint64_t low = word & ~high;
  const std::uint64_t from_a = low + (0x80 - 'A') * each, beyond_z = low + (0x7F - 'Z') * each;
  return word | ((from_a ^ beyond_z) & ~word & high) >> 2U;
}

}  // namespace tacet
