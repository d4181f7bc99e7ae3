#include "dnssec/complaint.hpp"

#include <fmt/format.h>

#include "dns/name_text.hpp"

namespace tacet {
namespace {

std::string cut(const Name& name) {
  constexpr std::size_t most = 32;
  std::string text = name_text(name);
  if (text.size() <= most) return text;
  return "..." + text.substr(text.size() - most + 3);
}

}  // namespace

ExtendedError complaint(std::uint16_t code, const Name& zone, const Name& owner, Type type, std::string_view words) {
  return {code, fmt::format("{} {}, zone {}: {}", cut(owner), to_string(type), cut(zone), words)};
}

}  // namespace tacet
