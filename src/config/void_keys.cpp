#include "config/void_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "config/keys.hpp"

namespace tacet {
namespace {

/// True if a key has the value by which it turns its companions off.
bool is_off(const ConfigKey<Config>& key, const Config& config) {
  constexpr std::array<std::string_view, 3> off{"false", "off", "\"\""};
  return std::ranges::find(off, key.text(key.form, config)) != off.end();
}

/// The key that this one needs, or null.
const ConfigKey<Config>* leader_of(const ConfigKey<Config>& key) {
  if (key.section().empty()) return nullptr;
  const auto leader = std::get<SectionForm>(config_key(key.section()).form).leader;
  return leader.empty() || leader == key.name ? nullptr : &config_key(leader);
}

struct Contradiction {
  std::string_view key;
  bool (*holds)(const Config&);
  std::string_view text;
};

bool logs_to_journal(const Config& config) { return config.query_log.to == "journal"; }

constexpr std::string_view not_on_journal =
    "has no effect on the journal, allowed: with the path of a file under query_log.to";

constexpr std::array<Contradiction, 2> contradictions{{
    {"query_log.max_size", logs_to_journal, not_on_journal},
    {"query_log.keep", logs_to_journal, not_on_journal},
}};

}  // namespace

std::optional<std::string_view> contradiction(std::string_view key, const Config& config) {
  for (const auto& one : contradictions)
    if (one.key == key && one.holds(config)) return one.text;
  return std::nullopt;
}

void report_void_keys(const Value& root, const Config& config) {
  for (const auto& key : config_keys()) {
    const auto value = root.find(key.name);
    if (!value || !value->says_something()) continue;
    if (const auto why = contradiction(key.name, config)) value->fault(std::string(*why));
    const auto* leader = leader_of(key);
    if (leader && !root.find(leader->name) && is_off(*leader, config))
      value->fault(fmt::format("has no effect without {}, allowed: with {}: {}", leader->name, leader->leaf(),
                               allowed(leader->form)));
  }
}

}  // namespace tacet
