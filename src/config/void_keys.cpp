#include "config/void_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "config/keys.hpp"
#include "config/url.hpp"

namespace tacet {
namespace {

/// True if the value of a key turns its companions off.
bool is_off(const ConfigKey<Config>& key, const Config& config) {
  constexpr std::array<std::string_view, 4> off{"false", "off", "\"\"", "[]"};
  return std::ranges::find(off, key.text(key.form, config)) != off.end();
}

/// The key that this key needs; null if it needs none.
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

/// True if there are bootstrap servers but no name to look up.
bool has_idle_bootstrap(const Config& config) {
  return !config.bootstrap.empty() && std::ranges::none_of(encrypted_servers(config), needs_bootstrap);
}

bool logs_names_of_nothing(const Config& config) {
  return config.exposure.mode == ExposureMode::off && config.exposure.log_names;
}

bool never_climbs(const Config& config) { return config.ladder == LadderMode::off && config.ladder_proxy.is_used(); }

constexpr std::array<Contradiction, 4> contradictions{{
    {"ladder_proxy", never_climbs, "has no effect while ladder is off, allowed: none, or ladder: on"},
    {"exposure.log_names", logs_names_of_nothing,
     "has no effect while exposure.mode is off, which keeps no names, allowed: false"},
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

std::vector<std::string> remarks(const Config& config) {
  const auto defaults = Config::defaults();
  std::vector<std::string> out;
  const auto is_local = [](const auto& addresses) {
    return std::ranges::all_of(addresses, &IpAddress::is_loopback, &SocketAddress::address);
  };
  if (!config.allow.empty() && is_local(config.listen) && is_local(config.https.listen) && is_local(config.tls.listen))
    out.emplace_back("allow: has no effect while others reach no address under listen, unless tacet.socket has one");
  if (has_idle_bootstrap(config))
    out.emplace_back("bootstrap: has no effect while every upstream has its addresses or a proxy");
  for (const auto& key : config_keys()) {
    const auto* leader = leader_of(key);
    if (leader && is_off(*leader, config) && !key.same(config, defaults))
      out.push_back(
          fmt::format("{}: has no effect while {} is {}", key.name, leader->name, leader->text(leader->form, config)));
  }
  return out;
}

}  // namespace tacet
