#include "resolve/cache/cache_key.hpp"

#include <sys/random.h>

#include <algorithm>
#include <stdexcept>

#include "base/word.hpp"

namespace tacet {
namespace {

std::array<std::uint8_t, 5> kind_of(Type type, Class qclass, std::uint8_t bits) {
  const auto t = static_cast<std::uint16_t>(type);
  const auto c = static_cast<std::uint16_t>(qclass);
  return {static_cast<std::uint8_t>(t >> 8), static_cast<std::uint8_t>(t), static_cast<std::uint8_t>(c >> 8),
          static_cast<std::uint8_t>(c), bits};
}

}  // namespace

HashSeed HashSeed::random() {
  HashSeed seed;
  if (::getentropy(&seed, sizeof seed) != 0) throw std::runtime_error("the system gives no random octets");
  return seed;
}

CacheKey::CacheKey(const HashSeed& seed, Bytes query, const MessageIndex& index) {
  const auto bits = static_cast<std::uint8_t>((index.dnssec_ok() ? dnssec_ok_bit : 0) |
                                              (index.has(flag::cd) ? checking_disabled_bit : 0));
  finish(seed, query.subspan(12, index.question_ends - 16U), kind_of(index.type, index.qclass, bits));
}

CacheKey::CacheKey(const HashSeed& seed, const Question& question, bool dnssec_ok, bool checking_disabled) {
  const auto bits =
      static_cast<std::uint8_t>((dnssec_ok ? dnssec_ok_bit : 0) | (checking_disabled ? checking_disabled_bit : 0));
  finish(seed, question.name.wire(), kind_of(question.type, question.qclass, bits));
}

std::array<std::uint8_t, 5> CacheKey::kind() const {
  std::array<std::uint8_t, tail> kind;
  std::copy_n(octets_.begin() + (size_ - tail), tail, kind.begin());
  return kind;
}

CacheKey::Kind CacheKey::read(const std::array<std::uint8_t, 5>& kind) {
  return {static_cast<Type>(kind[0] << 8 | kind[1]), static_cast<Class>(kind[2] << 8 | kind[3]),
          (kind[4] & dnssec_ok_bit) != 0, (kind[4] & checking_disabled_bit) != 0};
}

void CacheKey::finish(const HashSeed& seed, Bytes name, std::array<std::uint8_t, tail> kind) {
  std::memcpy(octets_.data(), name.data(), name.size());
  std::memset(octets_.data() + name.size(), 0, tail + 8);
  for (std::size_t at = 0; at < name.size(); at += 8)
    store_word(octets_.data() + at, fold_word(load_word(octets_.data() + at)));
  std::memcpy(octets_.data() + name.size(), kind.data(), tail);
  size_ = static_cast<std::uint16_t>(name.size() + tail);
  std::uint64_t state = seed.first ^ size_;
  for (std::size_t at = 0; at < size_; at += 8) state = mix(state ^ load_word(octets_.data() + at), seed.second | 1U);
  hash_ = mix(state, seed.first ^ golden_ratio);
}

}  // namespace tacet
