#include "base/text.hpp"

#include <algorithm>

#include "base/word.hpp"

namespace tacet {

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const Bytes octets = bytes_of(text);
  const std::uint8_t lead = octets[0];
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || octets.size() < size) return 0;
  // The second octet tells overlong forms, surrogates, and what lies beyond U+10FFFF.
  const std::uint8_t least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const std::uint8_t most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (octets[1] < least || octets[1] > most) return 0;
  const auto continues = [](std::uint8_t octet) { return (octet & 0xC0) == 0x80; };
  return std::ranges::all_of(octets.subspan(2, size - 2), continues) ? size : 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool is_ascii(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

bool starts_with_control(std::string_view text) {
  const Bytes octets = bytes_of(text);
  if (octets.empty()) return false;
  const bool c1 = octets.size() > 1 && octets[0] == 0xC2 && octets[1] >= 0x80 && octets[1] <= 0x9F;
  return octets[0] < 0x20 || octets[0] == 0x7F || c1;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  auto* const octets = reinterpret_cast<std::uint8_t*>(lower.data());
  std::size_t at = 0;
  for (; at + word_size <= lower.size(); at += word_size) store_word(octets + at, fold_word(load_word(octets + at)));
  for (; at < lower.size(); ++at) octets[at] = fold(octets[at]);
  return lower;
}

bool equal_folded(Bytes a, Bytes b) {
  if (a.size() != b.size()) return false;
  if (a.size() < word_size) return std::ranges::equal(a, b, {}, fold, fold);
  const auto same = [&](std::size_t at) {
    return fold_word(load_word(a.data() + at)) == fold_word(load_word(b.data() + at));
  };
  const std::size_t last = a.size() - word_size;  // the last word may overlap with the one before
  for (std::size_t at = 0; at < last; at += word_size)
    if (!same(at)) return false;
  return same(last);
}

}  // namespace tacet
