#include "serve/upstreams.hpp"

#include <algorithm>

#include "transport/do53.hpp"
#include "transport/lane.hpp"

namespace tacet {
namespace {

/// No failure mode opens more upstream sockets than this, for one worker and one way.
constexpr std::size_t most_sockets = 8;
constexpr std::size_t lanes_per_service = 2;

std::vector<UpstreamConfig> encrypted_servers(const Config& config) {
  std::vector<UpstreamConfig> all = config.upstreams;
  for (const ForwardZone& zone : config.forward)
    for (const ZoneServer& server : zone.servers)
      if (const auto* upstream = std::get_if<UpstreamConfig>(&server)) all.push_back(*upstream);
  return all;
}

}  // namespace

TrustStores::TrustStores(const Config& config) {
  for (const UpstreamConfig& upstream : encrypted_servers(config))
    if (std::ranges::find(stores_, upstream.ca_file, [](const auto& entry) { return entry.first; }) == stores_.end())
      stores_.emplace_back(upstream.ca_file, TrustStore::begin_load(upstream.ca_file));
}

Result<void> TrustStores::await() const {
  for (const auto& [file, store] : stores_)
    if (Result<void> read = store->await(); !read) return read;
  return {};
}

std::shared_ptr<TrustStore> TrustStores::of(const UpstreamConfig& upstream) const {
  return std::ranges::find(stores_, upstream.ca_file, [](const auto& entry) { return entry.first; })->second;
}

void TrustStores::refresh() const {
  for (const auto& [file, store] : stores_) store->refresh();
}

/// A set of upstreams and what their connections share.
struct Upstreams::Way {
  SocketBudget budget{most_sockets};
  std::vector<std::unique_ptr<Service>> services;
  std::unique_ptr<UpstreamSet> set;

  UpstreamService add(std::unique_ptr<Service> service) {
    UpstreamService lanes;
    for (std::size_t number = 0; number < lanes_per_service; ++number)
      lanes.lanes.push_back(std::make_unique<Lane>(*service, number));
    services.push_back(std::move(service));
    return lanes;
  }
};

struct Upstreams::Zone : Way {
  Name name;
  std::string text;
  bool in_clear = false;
};

Upstreams::Upstreams(const Parts& parts) : bootstrap_(parts.loop, parts.config.bootstrap), way_(make_way(parts)) {
  for (const ForwardZone& zone : parts.config.forward) zones_.push_back(make_zone(parts, zone));
}

Upstreams::~Upstreams() = default;

std::unique_ptr<Service> Upstreams::make_service(const Parts& parts, const UpstreamConfig& config,
                                                 SocketBudget& budget) {
  return std::make_unique<Service>(Service::Parts{parts.loop, parts.tasks, config, parts.trust.of(config), budget,
                                                  bootstrap_, parts.on_established});
}

std::unique_ptr<Upstreams::Way> Upstreams::make_way(const Parts& parts) {
  auto way = std::make_unique<Way>();
  std::vector<UpstreamOperator> operators;
  for (const UpstreamConfig& config : parts.config.upstreams) {
    auto group = std::ranges::find(operators, config.operator_name, &UpstreamOperator::name);
    if (group == operators.end()) group = operators.insert(group, UpstreamOperator{config.operator_name, {}});
    group->services.push_back(way->add(make_service(parts, config, way->budget)));
  }
  way->set = std::make_unique<UpstreamSet>(parts.loop.scheduler(), parts.tasks, parts.metrics, std::move(operators));
  return way;
}

/// All servers of a zone are one operator: whoever runs the zone knows its names already.
std::unique_ptr<Upstreams::Zone> Upstreams::make_zone(const Parts& parts, const ForwardZone& config) {
  auto zone = std::make_unique<Zone>();
  zone->name = Name::from_text(config.zone).value();
  zone->text = config.zone;
  zone->in_clear = config.in_clear();
  UpstreamOperator servers{config.zone, {}};
  for (const ZoneServer& server : config.servers) {
    if (const auto* upstream = std::get_if<UpstreamConfig>(&server)) {
      servers.services.push_back(zone->add(make_service(parts, *upstream, zone->budget)));
    } else {
      auto& plain = servers.services.emplace_back();
      plain.lanes.push_back(std::make_unique<Do53>(parts.loop, std::get<SocketAddress>(server)));
    }
  }
  std::vector<UpstreamOperator> operators;
  operators.push_back(std::move(servers));
  zone->set = std::make_unique<UpstreamSet>(parts.loop.scheduler(), parts.tasks, parts.metrics, std::move(operators));
  return zone;
}

UpstreamSet& Upstreams::set() { return *way_->set; }
const UpstreamSet& Upstreams::set() const { return *way_->set; }

UpstreamSet& Upstreams::set_for(const Name& name) {
  const Zone* longest = nullptr;
  for (const auto& zone : zones_)
    if (name.under(zone->name) && (longest == nullptr || zone->name.under(longest->name))) longest = zone.get();
  return longest == nullptr ? set() : *longest->set;
}

std::vector<ZoneRoute> Upstreams::zones() const {
  std::vector<ZoneRoute> routes;
  for (const auto& zone : zones_) routes.push_back({zone->name, *zone->set});
  return routes;
}

std::vector<ZoneReport> Upstreams::zone_reports() const {
  std::vector<ZoneReport> reports;
  for (const auto& zone : zones_) reports.push_back({zone->text, zone->in_clear, zone->set->reports()});
  return reports;
}

void Upstreams::network_changed() {
  set().network_changed();
  for (const auto& zone : zones_) zone->set->network_changed();
}

}  // namespace tacet
