#include "config/difference.hpp"

#include <algorithm>

#include "config/keys.hpp"

namespace tacet {

Difference difference(const Config& before, const Config& after) {
  Difference found;
  for (const auto& key : config_keys()) {
    if (key.is_section() || key.same(before, after)) continue;
    const auto name = key.section().empty() || key.read_at_start ? key.name : key.section();
    auto& names = config_key(name).read_at_start ? found.sealed : found.live;
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return found;
}

}  // namespace tacet
