#include "report/json.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

namespace tacet {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

/// The octets of the UTF-8 character (RFC 3629) that `text` begins with; 0 if it begins with none.
std::size_t character_size(std::string_view text) {
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto continues = [&](std::size_t i, unsigned least = 0x80, unsigned most = 0xBF) {
    return i < text.size() && octet(i) >= least && octet(i) <= most;
  };
  const unsigned first = octet(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool second = continues(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF);
    return second && continues(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool second = continues(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF);
    return second && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

void append_escaped(std::string& out, char octet) {
  switch (octet) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (octet >= 0 && octet < ' ')
    out += fmt::format("\\u{:04x}", static_cast<unsigned>(octet));
  else
    out += octet;
}

}  // namespace

Json::Json(double value) : text_(std::isfinite(value) ? fmt::format("{}", value) : "null") {}

Json::Json(std::string_view value) { append(value); }

Json::Json(Members members) : Json(object()) {
  for (const auto& [key, value] : members) add(key, value);
}

void Json::append(std::string_view octets) {
  text_ += '"';
  while (!octets.empty()) {
    const std::size_t size = character_size(octets);
    if (size == 1)
      append_escaped(text_, octets.front());
    else
      text_ += size == 0 ? replacement : octets.substr(0, size);
    octets.remove_prefix(size == 0 ? 1 : size);
  }
  text_ += '"';
}

void Json::append(const Json& other) {
  text_ += other.text_;
  if (other.end_ != '\0') text_ += other.end_;
}

void Json::push_back(const Json& element) {
  if (text_.size() > 1) text_ += ',';
  append(element);
}

void Json::add(std::string_view key, const Json& value) {
  if (text_.size() > 1) text_ += ',';
  append(key);
  text_ += ':';
  append(value);
}

std::string Json::dump() const { return end_ == '\0' ? text_ : text_ + end_; }

}  // namespace tacet
