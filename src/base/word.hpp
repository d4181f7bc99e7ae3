#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>

#include "tacet/name.hpp"

/// Eight octets at once, in the machine's byte order: how names are folded, compared and hashed.
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

/// The first eight of `octets`. Zeros stand for those that are missing.
inline std::uint64_t load_word(Bytes octets) {
  if (octets.size() >= word_size) return load_word(octets.data());
  std::uint64_t word = 0;
  if (!octets.empty()) std::memcpy(&word, octets.data(), octets.size());
  return word;
}

__extension__ typedef unsigned __int128 DoubleWord;

/// Both halves of a full product in one word: mixes 128 bits into 64 by one multiplication.
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<DoubleWord>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// The golden ratio's fraction: a factor for mix() whose ones and zeros have no pattern.
inline constexpr std::uint64_t golden_ratio = 0x9E3779B97F4A7C15U;

/// A hash of `octets`, of each word as `project` makes it, such as fold_word(). It has no key: a peer that
/// chooses the octets can make hashes collide.
template <class Projection = std::identity>
std::uint64_t hash_of(Bytes octets, Projection project = {}) {
  constexpr std::uint64_t factor = 0xD6E8FEB86659FD93U;
  // A size that is mixed like an octet could cancel one.
  const std::uint64_t last_factor = golden_ratio ^ octets.size();
  std::uint64_t state = factor;
  for (; octets.size() >= word_size; octets = octets.subspan(word_size))
    state = mix(state ^ project(load_word(octets.data())), factor);
  return mix(state ^ project(load_word(octets)), last_factor);
}

}  // namespace tacet
