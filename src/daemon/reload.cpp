#include "daemon/reload.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "config/difference.hpp"
#include "daemon/validation_rules.hpp"

namespace tacet {
namespace {

std::set<std::string_view> operators_of(const Config& config) {
  std::set<std::string_view> operators;
  for (const UpstreamConfig& upstream : config.upstreams) operators.insert(upstream.operator_name);
  return operators;
}

/// Adds the zones of one configuration that the other lacks, or has with other servers.
void add_zones(std::vector<Name>& zones, const Config& of, const Config& unless_in) {
  for (const ForwardZone& zone : of.forward)
    if (std::ranges::find(unless_in.forward, zone) == unless_in.forward.end())
      zones.push_back(Name::from_text(zone.zone).value());
}

}  // namespace

std::expected<std::shared_ptr<const Settings>, ReloadFaults> next_settings(const Settings& in_use,
                                                                           std::expected<Config, ReloadFaults> config,
                                                                           const OpenFile& open) {
  if (!config) return std::unexpected(std::move(config.error()));
  ReloadFaults refusal;
  for (const auto key : difference(in_use.config, *config).sealed)
    refusal.push_back(
        fmt::format("{}: has changed, but tacet reads it only at the start: restart tacet to use it", key));
  if (!refusal.empty()) return std::unexpected(std::move(refusal));
  auto rules = make_validation_rules(*config, open);
  if (!rules) return std::unexpected(ReloadFaults{rules.error().detail});
  auto settings =
      std::make_shared<const Settings>(*std::move(config), in_use.trust, in_use.certificates, *std::move(rules));
  if (const auto trusted = settings->trust.await(); !trusted)
    return std::unexpected(ReloadFaults{trusted.error().detail});
  if (const auto proven = settings->certificates.check(); !proven)
    return std::unexpected(ReloadFaults{proven.error().detail});
  return settings;
}

Outdated outdated_by(const Config& former, const Config& now) {
  Outdated outdated{.everything = operators_of(former) != operators_of(now) || former.rebind != now.rebind ||
                                  former.dnssec != now.dnssec};
  add_zones(outdated.zones, former, now);
  add_zones(outdated.zones, now, former);
  return outdated;
}

std::size_t forget(Cache& cache, const Outdated& outdated) {
  if (outdated.everything) return cache.clear();
  std::size_t count = 0;
  for (const Name& zone : outdated.zones) count += cache.remove(zone, Cache::Reach::with_descendants);
  return count;
}

}  // namespace tacet
