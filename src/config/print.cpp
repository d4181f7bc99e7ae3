#include "config/print.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/keys.hpp"
#include "config/void_keys.hpp"

namespace tacet {
namespace {

/// A block starts on a new line.
std::string_view gap_before(std::string_view text) { return text.empty() || text.front() == '\n' ? "" : " "; }

}  // namespace

std::string to_yaml(const Config& config) {
  std::string out;
  for (const auto& key : config_keys()) {
    if (contradiction(key.name, config)) continue;
    const auto text = key.is_section() ? std::string() : key.text(key.form, config);
    out += fmt::format("{}{}:{}{}\n", key.section().empty() ? "" : "  ", key.leaf(), gap_before(text), text);
  }
  // The first line belongs to `listen`.
  if (!std::ranges::all_of(config.listen, &SocketAddress::is_default)) return out;
  return "# " + out.insert(out.find('\n'), "  # by default, as far as the machine has the family");
}

}  // namespace tacet
