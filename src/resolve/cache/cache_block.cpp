#include "resolve/cache/cache_block.hpp"

#include <algorithm>
#include <new>

namespace tacet {

CacheBlock* CacheBlock::make(const CacheKey& key, const AnswerImage& image, Instant now) {
  CacheBlock head;
  head.hash = key.hash();
  head.stored = now;
  head.ttl = image.ttl;
  head.touched = static_cast<std::uint32_t>(now.time_since_epoch() / std::chrono::seconds(1));
  head.wire_size = static_cast<std::uint16_t>(image.wire.size());
  head.ttl_count = static_cast<std::uint16_t>(image.ttl_offsets.size());
  head.kind_of_question = key.kind();
  head.kind = image.kind;
  head.security = image.security;
  head.crosses = image.crosses;
  if (image.extended_error) {
    head.has_extended_error = true;
    head.extended_error = image.extended_error->code;
    head.text_size = static_cast<std::uint8_t>(std::min(image.extended_error->text.size(), ExtendedError::max_text));
  }
  void* memory = std::malloc(head.size());
  if (memory == nullptr) return nullptr;
  auto* block = new (memory) CacheBlock(head);
  std::copy(image.wire.begin(), image.wire.end(), block->wire());
  // The reply echoes the client's question, so the kept question can be the key.
  std::copy(key.name().begin(), key.name().end(), block->wire() + 12);
  std::copy(image.ttl_offsets.begin(), image.ttl_offsets.end(), block->ttl_offsets());
  if (image.extended_error) std::copy_n(image.extended_error->text.data(), block->text_size, block->text());
  return block;
}

void CacheBlock::note_use(std::uint32_t second) {
  const std::uint32_t since = std::min<std::uint32_t>(second - std::min(second, touched), 65535);
  interval = static_cast<std::uint16_t>(interval == 0 ? since : (interval + since + 1U) / 2);
  touched = second;
}

void CacheBlock::inherit(const CacheBlock& former, std::uint32_t second) {
  interval = former.interval;
  touched = former.touched;
  if (ahead == AheadKind::none && touched != second) note_use(second);
}

}  // namespace tacet
