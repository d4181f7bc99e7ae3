#include "tacet/name.hpp"

#include <algorithm>
#include <cstring>

#include "base/text.hpp"

namespace tacet {
namespace {

constexpr std::size_t max_label = 63;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes one octet from presentation form, resolving \DDD and \X; false if an escape is broken.
bool take_octet(std::string_view& text, std::uint8_t& octet) {
  if (text[0] != '\\') {
    octet = static_cast<std::uint8_t>(text[0]);
    text.remove_prefix(1);
    return true;
  }
  if (text.size() < 2) return false;
  if (!is_digit(text[1])) {
    octet = static_cast<std::uint8_t>(text[1]);
    text.remove_prefix(2);
    return true;
  }
  if (text.size() < 4 || !is_digit(text[2]) || !is_digit(text[3])) return false;
  const int value = (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0');
  if (value > 255) return false;
  octet = static_cast<std::uint8_t>(value);
  text.remove_prefix(4);
  return true;
}

void append_escaped(std::string& text, std::uint8_t octet) {
  if (octet == '.' || octet == '\\') {
    text += '\\';
  } else if (octet < 0x21 || octet > 0x7E) {
    text += '\\';
    text += static_cast<char>('0' + octet / 100);
    text += static_cast<char>('0' + octet / 10 % 10);
    text += static_cast<char>('0' + octet % 10);
    return;
  }
  text += static_cast<char>(octet);
}

}  // namespace

Result<Name> Name::from_wire(Bytes wire) {
  if (wire.empty() || wire.size() > max_size) return fail(Fault::malformed, "a name has 1 to 255 octets");
  for (std::size_t at = 0; at < wire.size(); at += wire[at] + 1U) {
    if (wire[at] > max_label) return fail(Fault::malformed, "a label has at most 63 octets");
    if (wire[at] != 0) continue;
    if (at + 1 != wire.size()) return fail(Fault::malformed, "octets behind the root label");
    return from_checked_wire(wire);
  }
  return fail(Fault::malformed, "a name without its root label");
}

Name Name::from_checked_wire(Bytes wire) {
  Name name;
  name.size_ = static_cast<std::uint8_t>(wire.size());
  std::memcpy(name.octets_.data(), wire.data(), wire.size());
  return name;
}

Result<Name> Name::from_text(std::string_view text) {
  Name name;
  if (text == ".") return name;
  std::size_t label = 0;  // where the length of the label being read belongs
  std::size_t at = 1;
  const auto close_label = [&] {
    const std::size_t length = at - label - 1;
    name.octets_[label] = static_cast<std::uint8_t>(length);
    label = at++;
    return length > 0 && length <= max_label;
  };
  while (!text.empty()) {
    if (text[0] == '.') {
      text.remove_prefix(1);
      if (!close_label()) return fail(Fault::malformed, "a label has 1 to 63 octets");
      if (text.empty()) break;
      continue;
    }
    std::uint8_t octet = 0;
    if (!take_octet(text, octet)) return fail(Fault::malformed, "an escape is \\DDD (at most \\255) or \\X");
    if (at >= max_size - 1) return fail(Fault::malformed, "a name has at most 255 octets");
    name.octets_[at++] = octet;
    if (text.empty() && !close_label()) return fail(Fault::malformed, "a label has 1 to 63 octets");
  }
  if (label == 0) return fail(Fault::malformed, "an empty name; the root is \".\"");
  name.octets_[label] = 0;
  name.size_ = static_cast<std::uint8_t>(label + 1);
  return name;
}

std::size_t Name::label_count() const {
  std::size_t count = 0;
  for (std::size_t at = 0; octets_[at] != 0; at += octets_[at] + 1U) ++count;
  return count;
}

bool Name::under(const Name& parent) const {
  for (std::size_t at = 0; size_ - at >= parent.size_; at += octets_[at] + 1U) {
    if (size_ - at == parent.size_) return equal_folded(wire().subspan(at), parent.wire());
  }
  return false;
}

Name Name::parent() const {
  if (is_root()) return *this;
  return from_checked_wire(wire().subspan(octets_[0] + 1U));
}

std::string Name::to_string() const {
  if (is_root()) return ".";
  std::string text;
  text.reserve(size_);
  for (std::size_t at = 0; octets_[at] != 0; at += octets_[at] + 1U) {
    for (const std::uint8_t octet : wire().subspan(at + 1, octets_[at])) append_escaped(text, octet);
    text += '.';
  }
  return text;
}

bool operator==(const Name& a, const Name& b) { return equal_folded(a.wire(), b.wire()); }

}  // namespace tacet
