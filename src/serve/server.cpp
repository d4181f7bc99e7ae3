#include "tacet/server.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <csignal>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "serve/activation.hpp"
#include "serve/control.hpp"
#include "serve/hosts_file.hpp"
#include "serve/service_manager.hpp"
#include "serve/worker.hpp"

namespace tacet {
namespace {

/// How often bundle files are looked at, and the service manager is told that all is well unless it wants to hear so
/// more often; also the only wake-up of an idle tacet.
constexpr Duration housekeeping = std::chrono::minutes(1);

/// Sockets for every worker on every address that this machine has: [worker][address].
Result<std::vector<std::vector<ListenSockets>>> bind_all(const Config& config) {
  const Sharing sharing = config.workers > 1 ? Sharing::among_workers : Sharing::exclusive;
  std::vector<std::vector<ListenSockets>> sockets(config.workers);
  for (const SocketAddress& address : config.listen) {
    Result<void> free = sharing == Sharing::among_workers ? probe_address(address) : Result<void>{};
    for (auto& of_worker : sockets) {
      if (!free) break;
      Result<ListenSockets> bound = bind_sockets(address, sharing);
      if (bound)
        of_worker.push_back(std::move(*bound));
      else
        free = fail(bound.error());
    }
    if (free) continue;
    if (free.error().fault != Fault::unsupported || !address.is_default) return fail(free.error());
    log::warn("{}: not served", free.error().detail);
  }
  if (sockets.front().empty()) return fail(Fault::unsupported, "none of the default addresses exists on this machine");
  return sockets;
}

/// The service manager's sockets for every worker: they are used as they are, whatever `listen` says.
Result<std::vector<std::vector<ListenSockets>>> share_all(std::vector<ListenSockets> passed, unsigned workers) {
  std::vector<std::vector<ListenSockets>> sockets;
  for (unsigned i = 1; i < workers; ++i) {
    auto copies = share_sockets(passed);
    if (!copies) return fail(copies.error());
    sockets.push_back(*std::move(copies));
  }
  sockets.push_back(std::move(passed));
  return sockets;
}

/// Sockets for every worker: those that the service manager opened, or else our own.
Result<std::vector<std::vector<ListenSockets>>> open_all(const Config& config) {
  auto passed = pair_passed_sockets(take_passed_descriptors());
  if (!passed) return fail(passed.error());
  return passed->empty() ? bind_all(config) : share_all(*std::move(passed), config.workers);
}

}  // namespace

class Server::State {
public:
  explicit State(const Config& configured)
      : config_(configured),
        trust_(config_),
        policy_(config_),
        cache_(config_.cache),
        loop_(clock_) {}

  void serve_on(std::vector<std::vector<ListenSockets>> sockets) {
    for (const ListenSockets& listen : sockets.front()) listen_.push_back(to_string(listen.address));
    const SharedParts shared{clock_, config_, trust_, policy_, cache_, exposure_};
    for (auto& of_worker : sockets) workers_.push_back(std::make_unique<Worker>(shared, std::move(of_worker)));
    share(hosts_.table());
  }

  Result<void> run();
  void stop() { loop_.stop(); }

private:
  void open_control();
  void report_zones() const;
  void share(const std::shared_ptr<const Hosts>& hosts) {
    for (const auto& worker : workers_) worker->use(hosts);
  }
  void report_health();
  Snapshot snapshot();
  ExposureReport exposure();
  std::size_t forget_names();
  Result<Explanation> explain(const Name& name);
  Prospect prospect(const Question& question);
  std::size_t flush(const CacheScope& scope) {
    return scope.name ? cache_.remove(*scope.name, scope.reach) : cache_.clear();
  }

  Config config_;
  TrustStores trust_;
  SystemClock clock_;
  Policy policy_;
  Cache cache_;
  ExposureLog exposure_{config_.exposure, clock_.now()};
  Loop loop_;  // of the thread that called run(): signals and housekeeping
  HostsFile hosts_{loop_, config_.hosts.file, [this](const auto& hosts) { share(hosts); }};
  Instant started_{clock_.now()};
  std::vector<std::string> listen_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Control> control_;
};

Result<void> Server::State::run() {
  loop_.on_signals({SIGTERM, SIGINT}, [this](int) { loop_.stop(); });
  const auto watchdog = watchdog_period();
  const Duration period = std::min(housekeeping, watchdog.value_or(housekeeping));
  Alarm keep_house(loop_.scheduler(), [&] {
    trust_.refresh();
    hosts_.look();
    if (watchdog) report_health();
    if (exposure_.summary_due(loop_.now())) exposure_.summarise(exposure().exposure, loop_.now());
    keep_house.arm(loop_.now() + period);
  });
  keep_house.arm(loop_.now() + period);

  for (const auto& worker : workers_) worker->start();
  const Result<void> trusted = trust_.await();  // what needs no certificate is answered already
  if (trusted) {
    open_control();
    log::info("tacet {} serves {}", TACET_VERSION, fmt::join(listen_, ", "));
    report_zones();
    notify_service_manager("READY=1");
    loop_.run();
    notify_service_manager("STOPPING=1");
    log::info("stopping");
  }
  control_.reset();  // first: its handlers wait for workers
  for (const auto& worker : workers_) worker->stop();
  for (const auto& worker : workers_) worker->join();
  return trusted;
}

/// Nobody shall learn by surprise that some names are not encrypted.
void Server::State::report_zones() const {
  for (const ForwardZone& zone : config_.forward) {
    if (!zone.in_clear()) continue;
    std::vector<std::string> servers;
    for (const ZoneServer& server : zone.servers) servers.push_back(to_string(std::get<SocketAddress>(server)));
    log::warn("names in {} travel in clear, to {}, as configured by `forward`", zone.zone, fmt::join(servers, ", "));
  }
}

void Server::State::open_control() {
  if (config_.control.socket.empty()) return;
  ControlHandlers handlers;
  handlers.status = [this] { return Result<Snapshot>(snapshot()); };
  handlers.flush = [this](const CacheScope& scope) { return Result<std::size_t>(flush(scope)); };
  handlers.cache = [this](const CacheScope& scope) {
    return Result<CacheReport>(look_into(cache_, scope, clock_.now()));
  };
  handlers.prospect = [this](const Question& question) { return Result<Prospect>(prospect(question)); };
  handlers.exposure = [this] { return Result<ExposureReport>(exposure()); };
  handlers.forget_names = [this] { return Result<std::size_t>(forget_names()); };
  handlers.explain = [this](const Name& name) { return explain(name); };
  handlers.set_log_level = [](log::Level level) {
    log::set_level(level);
    log::info("the log level is now {}, as asked over the control socket", log::to_string(level));
  };
  Result<std::unique_ptr<Control>> control = Control::create(config_.control, std::move(handlers));
  if (control)
    control_ = std::move(*control);
  else
    log::warn("no control socket, so `tacet status`, `flush` and `exposure` will not work: {}", control.error().detail);
}

/// Comes back only when every worker has answered: one that hangs keeps the watchdog hungry.
void Server::State::report_health() {
  snapshot();
  notify_service_manager("WATCHDOG=1");
}

Snapshot Server::State::snapshot() {
  Snapshot snapshot;
  snapshot.uptime = clock_.now() - started_;
  snapshot.listen = listen_;
  snapshot.log_level = log::to_string(log::level());
  snapshot.workers = static_cast<unsigned>(workers_.size());
  snapshot.cache = cache_.statistics();
  for (const auto& worker : workers_) worker->add_to(snapshot);
  return snapshot;
}

ExposureReport Server::State::exposure() {
  ExposureReport report{.mode = config_.exposure.mode, .ech_in_build = tls_has_ech(), .now = clock_.now()};
  for (const auto& worker : workers_) worker->add_to(report);
  for (const ForwardZone& zone : config_.forward)
    if (zone.in_clear()) report.zones_in_clear.push_back(zone.zone);
  return report;
}

std::size_t Server::State::forget_names() {
  const std::size_t count = exposure().exposure.names.size();
  for (const auto& worker : workers_) worker->forget_names();
  return count;
}

/// By the first worker: the others decide alike, but each by what it has met itself.
Prospect Server::State::prospect(const Question& question) {
  return {workers_.front()->outlook(question), config_.hosts.file};
}

/// What is known; asks only if that is nothing.
Result<Explanation> Server::State::explain(const Name& name) {
  const auto known_of = [this](const std::string& wire) {
    Exposure exposure = this->exposure().exposure;
    const auto known = exposure.names.find(wire);
    return known != exposure.names.end() ? std::move(known->second) : NameExposure{.name = wire};
  };
  std::string wire;
  for (const std::uint8_t octet : name.wire()) wire += static_cast<char>(fold(octet));
  Explanation explanation{.name = known_of(wire), .now = clock_.now()};
  if (!explanation.name.history.empty()) return explanation;
  Result<NameExposure> found = workers_.front()->examine(name);
  if (!found) return fail(std::move(found.error()));
  found->queries = explanation.name.queries;
  found->last_query = explanation.name.last_query;
  const bool asked_now = !found->upstream.empty();
  return Explanation{.name = *std::move(found), .asked_now = asked_now, .now = clock_.now()};
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::create(const Config& config) {
  auto sockets = open_all(config);
  if (!sockets) return fail(std::move(sockets.error()));
  auto state = std::make_unique<State>(config);
  state->serve_on(std::move(*sockets));
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Result<void> Server::run() { return state_->run(); }
void Server::stop() { state_->stop(); }

}  // namespace tacet
