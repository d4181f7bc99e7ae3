#include "serve/upstreams.hpp"

#include <algorithm>
#include <ranges>

#include "transport/do53.hpp"
#include "transport/lane.hpp"

namespace tacet {
namespace {

/// No failure mode opens more upstream sockets than this, for one worker and one way.
constexpr std::size_t most_sockets = 8;
constexpr std::size_t lanes_per_service = 4;
/// How often to look whether what was replaced is still in use.
constexpr Duration sweep_interval = std::chrono::milliseconds(100);

std::vector<UpstreamConfig> encrypted_servers(const Config& config) {
  std::vector<UpstreamConfig> all = config.upstreams;
  for (const ForwardZone& zone : config.forward)
    for (const ZoneServer& server : zone.servers)
      if (const auto* upstream = std::get_if<UpstreamConfig>(&server)) all.push_back(*upstream);
  return all;
}

}  // namespace

TrustStores::TrustStores(const Config& config, const TrustStores& former) {
  for (const UpstreamConfig& upstream : encrypted_servers(config)) {
    const std::string& file = upstream.ca_file;
    if (find(file)) continue;
    auto known = former.find(file);
    stores_.emplace_back(file, known ? std::move(known) : TrustStore::begin_load(file));
  }
}

Result<void> TrustStores::await() const {
  for (const auto& [file, store] : stores_)
    if (Result<void> read = store->await(); !read) return read;
  return {};
}

std::shared_ptr<TrustStore> TrustStores::find(const std::string& file) const {
  const auto found = std::ranges::find(stores_, file, [](const auto& entry) { return entry.first; });
  return found != stores_.end() ? found->second : nullptr;
}

std::shared_ptr<TrustStore> TrustStores::of(const UpstreamConfig& upstream) const { return find(upstream.ca_file); }

void TrustStores::refresh() const {
  for (const auto& [file, store] : stores_) store->refresh();
}

std::vector<std::string> TrustStores::files() const {
  std::vector<std::string> files;
  for (const auto& [configured, store] : stores_) files.push_back(store->file());
  return files;
}

/// A set of upstreams, what their connections share, and what it was made of.
struct Upstreams::Way {
  explicit Way(Scheduler& scheduler) : budget(scheduler, most_sockets) {}

  std::string zone;  // as configured; empty: all other names
  std::vector<ZoneServer> servers;
  SocketBudget budget;
  std::vector<std::unique_ptr<Service>> services;
  std::unique_ptr<UpstreamSet> set;
  TaskGroup tasks;  // last: its tasks work with all of the above

  Name name() const { return zone.empty() ? Name{} : Name::from_text(zone).value(); }
  bool in_clear() const { return std::holds_alternative<SocketAddress>(servers.front()); }

  UpstreamService add(std::unique_ptr<Service> service) {
    UpstreamService lanes;
    for (std::size_t number = 0; number < lanes_per_service; ++number)
      lanes.lanes.push_back(std::make_unique<Lane>(*service, number));
    services.push_back(std::move(service));
    return lanes;
  }
};

Upstreams::Upstreams(Parts parts, const Config& config, const TrustStores& trust)
    : parts_(std::move(parts)),
      bootstrap_(parts_.loop, config.bootstrap),
      sweep_(parts_.loop.scheduler(), [this] { sweep(); }) {
  use(prepare(config, trust));
}

Upstreams::~Upstreams() = default;

Upstreams::Change Upstreams::prepare(const Config& config, const TrustStores& trust) {
  Change change{config.bootstrap, {}};
  const auto keep_or_make = [&](const std::string& zone, std::vector<ZoneServer> servers) {
    const auto same = [&](const auto& way) { return way->zone == zone && way->servers == servers; };
    const auto found = std::ranges::find_if(ways_, same);
    return found != ways_.end() ? *found : make_way(zone, std::move(servers), trust);
  };
  change.ways.push_back(keep_or_make({}, {config.upstreams.begin(), config.upstreams.end()}));
  for (const ForwardZone& zone : config.forward) change.ways.push_back(keep_or_make(zone.zone, zone.servers));
  retired_.reserve(retired_.size() + ways_.size());
  return change;
}

void Upstreams::use(Change change) {
  bootstrap_.use(std::move(change.bootstrap));
  const bool was_warm = !ways_.empty() && ways_.front()->set->warm();
  std::swap(ways_, change.ways);
  for (auto& way : change.ways)
    if (std::ranges::find(ways_, way) == ways_.end()) retired_.push_back(std::move(way));
  change.ways.clear();
  // So that the first query after a change need not wait for a handshake.
  if (was_warm && !set().warm()) set().prepare();
  sweep();
}

std::unique_ptr<Service> Upstreams::make_service(const UpstreamConfig& config, Way& way, const TrustStores& trust) {
  return std::make_unique<Service>(
      Service::Parts{parts_.loop, way.tasks, config, trust.of(config), way.budget, bootstrap_, parts_.on_established});
}

/// All servers of a zone are one operator: whoever runs the zone knows its names already.
std::shared_ptr<Upstreams::Way> Upstreams::make_way(const std::string& zone, std::vector<ZoneServer> servers,
                                                    const TrustStores& trust) {
  auto way = std::make_shared<Way>(parts_.loop.scheduler());
  way->zone = zone;
  way->servers = std::move(servers);
  std::vector<UpstreamOperator> operators;
  const auto operator_named = [&](const std::string& name) -> UpstreamOperator& {
    const auto known = std::ranges::find(operators, name, &UpstreamOperator::name);
    return known != operators.end() ? *known : operators.emplace_back(UpstreamOperator{name, {}});
  };
  for (const ZoneServer& server : way->servers) {
    if (const auto* upstream = std::get_if<UpstreamConfig>(&server)) {
      auto& named = operator_named(zone.empty() ? upstream->operator_name : zone);
      named.services.push_back(way->add(make_service(*upstream, *way, trust)));
    } else {
      auto& plain = operator_named(zone).services.emplace_back();
      plain.lanes.push_back(std::make_unique<Do53>(parts_.loop, std::get<SocketAddress>(server)));
    }
  }
  way->set = std::make_unique<UpstreamSet>(parts_.loop.scheduler(), way->tasks, parts_.metrics, std::move(operators));
  return way;
}

/// Every exchange ends by its deadline, and nobody begins another with a set that was replaced.
void Upstreams::sweep() {
  std::erase_if(retired_, [](const auto& way) { return way.use_count() == 1 && way->tasks.size() == 0; });
  if (!retired_.empty()) sweep_.arm(parts_.loop.now() + sweep_interval);
}

std::shared_ptr<UpstreamSet> Upstreams::Change::set_for_others() const {
  return {ways.front(), ways.front()->set.get()};
}

std::vector<ZoneRoute> Upstreams::Change::zones() const {
  std::vector<ZoneRoute> routes;
  for (const auto& way : ways | std::views::drop(1)) routes.push_back({way->name(), {way, way->set.get()}});
  return routes;
}

std::shared_ptr<UpstreamSet> Upstreams::set_for_others() const { return {ways_.front(), ways_.front()->set.get()}; }

UpstreamSet& Upstreams::set_for(const Name& name) {
  const Way* longest = ways_.front().get();
  for (const auto& way : ways_)
    if (name.under(way->name()) && way->name().under(longest->name())) longest = way.get();
  return *longest->set;
}

std::vector<ZoneRoute> Upstreams::zones() const {
  std::vector<ZoneRoute> routes;
  for (const auto& way : ways_ | std::views::drop(1)) routes.push_back({way->name(), {way, way->set.get()}});
  return routes;
}

std::vector<ZoneReport> Upstreams::zone_reports() const {
  std::vector<ZoneReport> reports;
  for (const auto& way : ways_ | std::views::drop(1))
    reports.push_back({way->zone, way->in_clear(), way->set->reports()});
  return reports;
}

void Upstreams::network_changed() {
  for (const auto& way : ways_) way->set->network_changed();
  for (const auto& way : retired_) way->set->network_changed();
}

}  // namespace tacet
