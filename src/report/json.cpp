#include "report/json.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/text.hpp"

namespace tacet {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

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
  if (static_cast<unsigned char>(octet) < ' ')
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
    const std::size_t size = utf8_length(octets);
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
