#include "config/scalar.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>

namespace tacet {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t octets;
};

/// Largest first: the first unit that divides the number gives the shortest text.
constexpr std::array units{Unit{"GiB", 1U << 30}, Unit{"MiB", 1U << 20}, Unit{"KiB", 1U << 10}};

std::string escaped(char octet) {
  if (octet == '"' || octet == '\\') return {'\\', octet};
  if (octet >= 0x20 && octet < 0x7f) return {octet};
  return fmt::format("\\x{:02x}", static_cast<unsigned char>(octet));
}

}  // namespace

std::string quotation(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string out = "\"";
  for (const char octet : text.substr(0, longest)) out += escaped(octet);
  out += text.size() > longest ? "...\"" : "\"";
  return out;
}

std::string yaml_text(std::string_view text) {
  std::string out = "\"";
  for (const char octet : text) {
    if (octet == '"' || octet == '\\') out += '\\';
    out += octet;
  }
  return out + "\"";
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  for (const auto& unit : units) {
    if (!text.ends_with(unit.name)) continue;
    const auto count = parse_number(text.substr(0, text.size() - unit.name.size()));
    if (!count || *count > std::numeric_limits<std::uint64_t>::max() / unit.octets) return std::nullopt;
    return *count * unit.octets;
  }
  return parse_number(text);
}

std::string size_text(std::uint64_t octets) {
  for (const auto& unit : units) {
    if (octets != 0 && octets % unit.octets == 0) return fmt::format("{}{}", octets / unit.octets, unit.name);
  }
  return fmt::format("{}", octets);
}

}  // namespace tacet
