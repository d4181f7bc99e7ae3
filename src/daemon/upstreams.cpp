#include "daemon/upstreams.hpp"

#include <algorithm>
#include <ranges>

#include "config/url.hpp"
#include "daemon/reserves.hpp"
#include "transport/channel.hpp"
#include "transport/plain/do53.hpp"

namespace tacet {
namespace {

/// The most upstream sockets of one worker and one set, whatever fails.
constexpr std::size_t most_sockets = 8;
constexpr std::size_t channels_per_server = 4;
/// How often to look whether a replaced set is still in use.
constexpr Duration sweep_interval = std::chrono::milliseconds(100);

/// The set for all other names, as if it were a zone.
ForwardZone for_others(const Config& config) { return {{}, {config.upstreams.begin(), config.upstreams.end()}, {}}; }

}  // namespace

TrustStores::TrustStores(const Config& config, const TrustStores& former) : open_(former.open_) {
  for (const UpstreamConfig& upstream : encrypted_servers(config)) {
    const std::string& file = upstream.ca_file;
    if (find(file)) continue;
    auto known = former.find(file);
    stores_.emplace_back(file, known ? std::move(known) : TrustStore::begin_load(file, open_));
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

std::set<std::string> interfaces_of(const Config& config) {
  std::set<std::string> interfaces;
  for (const UpstreamConfig& upstream : encrypted_servers(config)) interfaces.insert(upstream.via.interface);
  for (const ForwardZone& zone : config.forward) interfaces.insert(zone.via.interface);
  interfaces.erase("");
  return interfaces;
}

/// A set of upstreams, the objects that their connections share, and the configuration that it was made from.
struct Upstreams::UpstreamGroup {
  explicit UpstreamGroup(Scheduler& scheduler) : budget(scheduler, most_sockets) {}

  std::string zone;  // as configured; empty: all other names
  std::vector<ZoneServer> configured;
  ViaConfig via;  // of plain servers
  LadderMode ladder = LadderMode::off;
  ProxyConfig ladder_proxy;
  SocketBudget budget;
  std::vector<std::unique_ptr<UpstreamServer>> servers;
  std::unique_ptr<Climber> climber;  // for all other names only
  std::unique_ptr<Pool> set;
  TaskGroup tasks;  // last: its tasks use all of the above

  Name name() const { return zone.empty() ? Name{} : Name::from_text(zone).value(); }
  bool in_clear() const { return std::holds_alternative<SocketAddress>(configured.front()); }

  UpstreamService add(std::unique_ptr<UpstreamServer> server) {
    UpstreamService channels;
    for (std::size_t number = 0; number < channels_per_server; ++number)
      channels.channels.push_back(std::make_unique<Channel>(*server, number));
    servers.push_back(std::move(server));
    return channels;
  }
};

Upstreams::Upstreams(UpstreamsContext context, const Config& config, const TrustStores& trust)
    : context_(std::move(context)),
      bootstrap_(context_.loop, config.bootstrap),
      sweep_(context_.loop.scheduler(), [this] { sweep(); }) {
  use(prepare(config, trust));
}

Upstreams::~Upstreams() = default;

Upstreams::Change Upstreams::prepare(const Config& config, const TrustStores& trust) {
  Change change{config.bootstrap, {}};
  const auto known = [&](const ForwardZone& zone) {
    const auto same = [&](const auto& group) {
      return group->zone == zone.zone && group->configured == zone.servers && group->via == zone.via;
    };
    const auto found = std::ranges::find_if(groups_, same);
    return found != groups_.end() ? *found : nullptr;
  };
  const auto others = known(for_others(config));
  const bool is_same_ladder = others && others->ladder == config.ladder && others->ladder_proxy == config.ladder_proxy;
  change.groups.push_back(is_same_ladder ? others : make_set_for_others(config, trust));
  for (const ForwardZone& zone : config.forward) {
    const auto group = known(zone);
    change.groups.push_back(group ? group : make_group(zone, trust));
  }
  retired_.reserve(retired_.size() + groups_.size());
  return change;
}

void Upstreams::use(Change change) {
  bootstrap_.use(std::move(change.bootstrap));
  const bool was_warm = !groups_.empty() && groups_.front()->set->warm();
  std::swap(groups_, change.groups);
  for (auto& group : change.groups)
    if (std::ranges::find(groups_, group) == groups_.end()) retired_.push_back(std::move(group));
  change.groups.clear();
  // Connect now, so that the first query after a change does not wait for a handshake.
  if (was_warm && !set().warm()) set().prepare();
  sweep();
}

std::unique_ptr<UpstreamServer> Upstreams::make_server(const UpstreamConfig& config, UpstreamGroup& group,
                                                       const TrustStores& trust) {
  auto on_greeting = [&group, place = group.servers.size()](const GreetingSight& sight) {
    if (group.climber) group.climber->saw(place, sight);
  };
  return std::make_unique<UpstreamServer>(UpstreamServerContext{context_.loop, group.tasks, config, trust.of(config),
                                                                group.budget, bootstrap_, context_.events,
                                                                std::move(on_greeting), context_.gates});
}

std::shared_ptr<Upstreams::UpstreamGroup> Upstreams::make_set_for_others(const Config& config,
                                                                         const TrustStores& trust) {
  auto group = make_group(for_others(config), trust, reserves_of(config));
  group->ladder = config.ladder;
  group->ladder_proxy = config.ladder_proxy;
  std::vector<Climber::Server> servers;
  std::vector<std::string> operators;
  for (const auto& server : group->servers) {
    const std::string& name = server->context().config.operator_name;
    const auto known = std::ranges::find(operators, name);
    const auto place = static_cast<std::size_t>(known - operators.begin());
    if (known == operators.end()) operators.push_back(name);
    servers.push_back({place, server.get(), servers.size() >= config.upstreams.size()});
  }
  group->climber = std::make_unique<Climber>(context_.loop, config, context_.ladder_memory, std::move(servers));
  return group;
}

/// All servers of a zone count as one operator, because the operator of a zone knows its names already.
std::shared_ptr<Upstreams::UpstreamGroup> Upstreams::make_group(const ForwardZone& configured, const TrustStores& trust,
                                                                std::span<const UpstreamConfig> reserves) {
  auto group = std::make_shared<UpstreamGroup>(context_.loop.scheduler());
  const std::string& zone = group->zone = configured.zone;
  group->configured = configured.servers;
  group->via = configured.via;
  std::vector<UpstreamOperator> operators;
  const auto operator_named = [&](const std::string& name) -> UpstreamOperator& {
    const auto known = std::ranges::find(operators, name, &UpstreamOperator::name);
    return known != operators.end() ? *known : operators.emplace_back(UpstreamOperator{name, {}});
  };
  for (const ZoneServer& server : group->configured) {
    if (const auto* upstream = std::get_if<UpstreamConfig>(&server)) {
      auto& named = operator_named(zone.empty() ? upstream->operator_name : zone);
      named.services.push_back(group->add(make_server(*upstream, *group, trust)));
    } else {
      auto& plain = operator_named(zone).services.emplace_back();
      plain.channels.push_back(std::make_unique<Do53>(context_.loop, std::get<SocketAddress>(server), group->via));
    }
  }
  for (const UpstreamConfig& reserve : reserves) {
    auto& services = operator_named(reserve.operator_name).services;
    services.push_back(group->add(make_server(reserve, *group, trust)));
    services.back().is_reserve = true;
  }
  group->set = std::make_unique<Pool>(context_.loop.scheduler(), group->tasks, context_.metrics, std::move(operators));
  return group;
}

/// Every exchange ends by its deadline, and no exchange begins with a replaced set.
void Upstreams::sweep() {
  std::erase_if(retired_, [](const auto& group) { return group.use_count() == 1 && group->tasks.size() == 0; });
  if (!retired_.empty()) sweep_.arm(context_.loop.now() + sweep_interval);
}

std::shared_ptr<Pool> Upstreams::Change::set_for_others() const { return {groups.front(), groups.front()->set.get()}; }

std::vector<ZoneRoute> Upstreams::Change::zones() const {
  std::vector<ZoneRoute> routes;
  for (const auto& group : groups | std::views::drop(1)) routes.push_back({group->name(), {group, group->set.get()}});
  return routes;
}

std::shared_ptr<Pool> Upstreams::set_for_others() const { return {groups_.front(), groups_.front()->set.get()}; }

Pool& Upstreams::set_for(const Name& name) {
  const UpstreamGroup* longest = groups_.front().get();
  for (const auto& group : groups_)
    if (name.under(group->name()) && group->name().under(longest->name())) longest = group.get();
  return *longest->set;
}

std::vector<ZoneRoute> Upstreams::zones() const {
  std::vector<ZoneRoute> routes;
  for (const auto& group : groups_ | std::views::drop(1)) routes.push_back({group->name(), {group, group->set.get()}});
  return routes;
}

std::vector<ZoneReport> Upstreams::zone_reports() const {
  std::vector<ZoneReport> reports;
  for (const auto& group : groups_ | std::views::drop(1)) {
    ZoneReport& report = reports.emplace_back(ZoneReport{group->zone, group->in_clear(), {}});
    add_channels(report.upstreams, group->set->reports());
  }
  return reports;
}

std::vector<WayReport> Upstreams::ways() const { return groups_.front()->climber->reports(); }

void Upstreams::network_changed() {
  for (const auto& group : groups_)
    if (group->climber) group->climber->network_changed();
  for (const auto& group : groups_) {
    group->set->network_changed();
    if (group->climber) group->set->count_as_failing(group->climber->passed_over());
  }
  for (const auto& group : retired_) group->set->network_changed();
}

}  // namespace tacet
