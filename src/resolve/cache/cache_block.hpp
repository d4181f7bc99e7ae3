#pragma once
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "dns/answer_image.hpp"
#include "resolve/cache/ahead.hpp"
#include "resolve/cache/cache_key.hpp"
#include "tacet/instant.hpp"

namespace tacet {

/// A kept answer in one block of memory: this head, the wire image, the TTL offsets, the text of the extended error.
struct CacheBlock {
  CacheBlock* newer = nullptr;
  CacheBlock* older = nullptr;
  std::uint64_t hash = 0;
  Instant stored{};
  std::uint32_t ttl = 0;
  std::uint32_t touched = 0;  // seconds: the last use; the order of use is updated at most once in each
  std::uint16_t wire_size = 0;
  std::uint16_t ttl_count = 0;
  std::uint16_t extended_error = 0;
  std::uint16_t interval = 0;     // seconds between two uses, the latest most; 0 until a second use
  std::uint16_t useful_from = 0;  // with ahead: the age in seconds from which a use proves the guess
  std::array<std::uint8_t, 5> kind_of_question{};
  AnswerKind kind{};
  SecurityStatus security{};
  std::uint8_t text_size = 0;
  bool has_extended_error = false;
  bool refreshing = false;
  bool crosses = false;
  AheadKind ahead = AheadKind::none;  // a guess that no use has proved yet

  /// A block for this answer; its QNAME becomes the key's, in lower case. Null without memory. Destroy it with
  /// destroy().
  static CacheBlock* make(const CacheKey& key, const AnswerImage& image, Instant now);
  /// A query uses it in another second of the clock than the last time.
  void note_use(std::uint32_t second);
  /// This block replaces an older answer at `second`: takes over what is known of its uses. A client waited for it,
  /// unless it is a guess.
  void inherit(const CacheBlock& former, std::uint32_t second);
  static void destroy(CacheBlock* block) { std::free(block); }

  std::uint8_t* wire() { return reinterpret_cast<std::uint8_t*>(this + 1); }
  const std::uint8_t* wire() const { return reinterpret_cast<const std::uint8_t*>(this + 1); }
  std::uint16_t* ttl_offsets() { return reinterpret_cast<std::uint16_t*>(wire() + offsets_at()); }
  char* text() { return reinterpret_cast<char*>(ttl_offsets() + ttl_count); }
  /// The kept QNAME, in lower case.
  Bytes name() const {
    std::size_t end = 12;
    while (wire()[end] != 0) end += wire()[end] + 1U;
    return {wire() + 12, end + 1 - 12};
  }
  std::size_t size() const { return sizeof(CacheBlock) + offsets_at() + 2U * ttl_count + text_size; }
  /// The octets that malloc takes for it: one word more, rounded up to 16.
  std::size_t cost() const { return (size() + 8 + 15) & ~std::size_t{15}; }

  bool matches(const CacheKey& key) const {
    const Bytes name = key.name();
    return hash == key.hash() && kind_of_question == key.kind() && wire_size >= 12 + name.size() + 4 &&
           std::memcmp(wire() + 12, name.data(), name.size()) == 0;
  }

private:
  std::size_t offsets_at() const { return (wire_size + 1U) & ~std::size_t{1}; }
};
static_assert(sizeof(CacheBlock) <= 64);

}  // namespace tacet
