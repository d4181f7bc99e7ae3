#pragma once
#include <array>
#include <cstdint>
#include <cstring>

#include "tacet/message.hpp"

namespace tacet {

/// Makes hashes that a client cannot predict, so no client can choose names that collide.
struct HashSeed {
  std::uint64_t first = 0, second = 0;
  /// From the system's random source.
  static HashSeed random();
};

/// The key under which an answer is kept and shared: QNAME in lower case, QTYPE, QCLASS, and the DO and CD bits, which
/// change the answer of an upstream. Made once a query, on the stack.
class CacheKey {
public:
  /// From an indexed query.
  CacheKey(const HashSeed& seed, Bytes query, const MessageIndex& index);
  CacheKey(const HashSeed& seed, const Question& question, bool dnssec_ok, bool checking_disabled);

  std::uint64_t hash() const { return hash_; }
  bool dnssec_ok() const { return (octets_[size_ - 1U] & dnssec_ok_bit) != 0; }
  bool checking_disabled() const { return (octets_[size_ - 1U] & checking_disabled_bit) != 0; }
  /// The QNAME's wire form in lower case.
  Bytes name() const { return {octets_.data(), size_ - tail}; }
  /// QTYPE, QCLASS and the bits, to compare keys and to read them back.
  std::array<std::uint8_t, 5> kind() const;
  struct Kind {
    Type type;
    Class qclass;
    bool dnssec_ok, checking_disabled;
  };
  static Kind read(const std::array<std::uint8_t, 5>& kind);

  friend bool operator==(const CacheKey& a, const CacheKey& b) {
    return a.hash_ == b.hash_ && a.size_ == b.size_ && std::memcmp(a.octets_.data(), b.octets_.data(), a.size_) == 0;
  }

private:
  static constexpr std::size_t tail = 5;
  static constexpr std::uint8_t dnssec_ok_bit = 1, checking_disabled_bit = 2;
  void finish(const HashSeed& seed, Bytes name, std::array<std::uint8_t, tail> kind);

  std::uint64_t hash_ = 0;
  std::uint16_t size_ = 0;
  std::array<std::uint8_t, Name::max_size + tail + 8> octets_;  // room for the hash to read whole words
};

/// For unordered containers.
struct CacheKeyHash {
  std::size_t operator()(const CacheKey& key) const { return key.hash(); }
};

}  // namespace tacet
