#include "control/reload_outcome.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tacet {

std::string to_string(const Reloaded& reloaded) {
  if (!reloaded.has_file) return "there is no configuration file to read: tacet was started without --config";
  if (reloaded.changed.empty()) return "nothing has changed";
  const auto& keys = reloaded.changed;
  auto words = fmt::format("changed {}", fmt::join(keys.begin(), keys.end() - 1, ", "));
  words += fmt::format("{}{}", keys.size() > 1 ? " and " : "", keys.back());
  if (reloaded.forgotten == 0) return words;
  return words + fmt::format("; {} cached answer{} forgotten", reloaded.forgotten, reloaded.forgotten == 1 ? "" : "s");
}

}  // namespace tacet
