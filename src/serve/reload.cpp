#include "serve/reload.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <new>
#include <set>

#include "config/difference.hpp"

namespace tacet {
namespace {

std::set<std::string_view> operators_of(const Config& config) {
  std::set<std::string_view> operators;
  for (const UpstreamConfig& upstream : config.upstreams) operators.insert(upstream.operator_name);
  return operators;
}

/// Forgets the zones of one configuration that the other does not have, or has with other servers.
std::size_t forget_zones(Cache& cache, const Config& of, const Config& unless_in) {
  std::size_t count = 0;
  for (const ForwardZone& zone : of.forward)
    if (std::ranges::find(unless_in.forward, zone) == unless_in.forward.end())
      count += cache.remove(Name::from_text(zone.zone).value(), Cache::Reach::with_descendants);
  return count;
}

}  // namespace

std::expected<std::shared_ptr<const Settings>, Refusal> next_settings(const Settings& in_use, const ReadConfig& read) {
  auto config = read();
  if (!config) return std::unexpected(std::move(config.error()));
  Refusal refusal;
  for (const auto key : difference(in_use.config, *config).sealed)
    refusal.push_back(fmt::format("{}: has changed, and is read at the start only: restart tacet to use it", key));
  if (!refusal.empty()) return std::unexpected(std::move(refusal));
  auto settings = std::make_shared<const Settings>(*std::move(config), in_use.trust);
  if (const auto trusted = settings->trust.await(); !trusted) return std::unexpected(Refusal{trusted.error().detail});
  return settings;
}

std::size_t forget_former(Cache& cache, const Config& former, const Config& now) {
  try {
    if (operators_of(former) != operators_of(now) || former.rebind != now.rebind) return cache.clear();
    return forget_zones(cache, former, now) + forget_zones(cache, now, former);
  } catch (const std::bad_alloc&) {  // rather too much than what nobody may be told any more
    return cache.clear();
  }
}

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
