#include "tacet/server.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/handover.hpp"
#include "base/log.hpp"
#include "base/shield.hpp"
#include "config/difference.hpp"
#include "config/prefix.hpp"
#include "control/control.hpp"
#include "control/metrics_endpoint.hpp"
#include "daemon/bundle_watch.hpp"
#include "daemon/hosts_file.hpp"
#include "daemon/reload.hpp"
#include "daemon/worker.hpp"
#include "listen/open_sockets.hpp"
#include "report/query_file.hpp"
#include "report/query_log.hpp"
#include "system/confinement.hpp"
#include "system/file_opener.hpp"
#include "system/service_manager.hpp"
#include "system/users.hpp"
#include "transport/http/http.hpp"
#include "transport/network/own_network_watch.hpp"
#include "transport/tls/tls.hpp"

namespace tacet {
namespace {

/// How often bundle files and the hosts file are looked at for changes that no watch has seen, and the service manager
/// is told that all is well unless it wants to hear so more often; also the only wake-up of an idle tacet.
constexpr Duration housekeeping = std::chrono::minutes(1);
/// A flood of SIGHUP is as good as one a second.
constexpr Duration least_between_signalled_reloads = std::chrono::seconds(1);
/// How often who waits for a reload looks whether all is ending.
constexpr auto look_for_end = std::chrono::milliseconds(20);
constexpr std::string_view no_memory = "there was no memory for it: try again later";

/// For who held it back while this thread was not yet here to hear it.
void let_sighup_through() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

/// Long enough for a thread that waits for a shard's lock to get it.
void let_others_in() { std::this_thread::sleep_for(std::chrono::microseconds(100)); }

/// The control socket, made while this process may still make it. It stays root's, and so does its directory: as
/// `nobody`'s, any other process of `nobody` could put its own in that place, and speak to root in our name. (So who
/// was root leaves it behind; the next start replaces it.)
std::optional<ControlSocket> open_control_socket(const Config& config) {
  if (config.control.socket.empty()) return std::nullopt;
  Result<ControlSocket> socket = ControlSocket::listen(config.control.socket, config.control.group);
  if (socket) return std::move(*socket);
  log::warn("no control socket, so `tacet status`, `flush` and `exposure` will not work: {}", socket.error().detail);
  return std::nullopt;
}

}  // namespace

class Server::State {
public:
  /// What create() has got before there are threads.
  struct Beginning {
    std::unique_ptr<HttpLibrary> http;
    ReadConfig read;
    OpenFile open;
    std::optional<ControlSocket> control;
    NotifySocket notify;
    Confinement confinement;
  };
  State(const Config& configured, Beginning beginning)
      : http_(std::move(beginning.http)),
        read_(std::move(beginning.read)),
        open_(std::move(beginning.open)),
        control_socket_(std::move(beginning.control)),
        notify_(std::move(beginning.notify)),
        confinement_(std::move(beginning.confinement)),
        settings_(std::make_shared<const Settings>(configured, TrustStores(open_))),
        cache_(configured.cache),
        loop_(clock_) {}

  void serve_on(std::vector<std::vector<ListenSockets>> sockets) {
    for (const ListenSockets& listen : sockets.front()) listen_.push_back(listen.address);
    const SharedParts shared{clock_, settings_, cache_, exposure_};
    for (auto& of_worker : sockets) {
      QueryTap* const tap = query_log_ ? &query_log_->tap(workers_.size()) : nullptr;
      workers_.push_back(std::make_unique<Worker>(shared, std::move(of_worker), tap));
    }
    share(hosts_.table());
  }

  /// Before serve_on(). Fault::system.
  Result<void> open_query_log() {
    auto log = QueryLog::create(settings_->config.query_log, settings_->config.workers, clock_);
    if (!log) return fail(log.error());
    query_log_ = *std::move(log);
    return {};
  }

  Result<void> run();
  void stop() {
    loop_.post([this] { end(); });
  }

private:
  /// For every thread, since a reload changes it.
  std::shared_ptr<const Settings> settings() const {
    const std::lock_guard lock(settings_mutex_);
    return settings_;
  }
  void on_signal(int signal);
  void end();
  std::expected<Reloaded, ReloadFaults> reload();
  std::expected<Reloaded, ReloadFaults> reload_now();
  void prepare(const std::shared_ptr<const Settings>& next) const;
  Reloaded change_to(const std::shared_ptr<const Settings>& next);
  std::expected<Reloaded, ReloadFaults> reload_from_elsewhere();
  void announce_reload() const;
  void count_reload(const std::expected<Reloaded, ReloadFaults>& outcome);
  void tell_of_reload(const std::expected<Reloaded, ReloadFaults>& outcome) const;
  void open_control();
  void open_metrics();
  void report_zones() const;
  void report_access() const;
  void follow_listen();
  std::vector<std::string> listen_texts() const;
  std::vector<std::string> absent() const;
  void share(const std::shared_ptr<const Hosts>& hosts) {
    for (const auto& worker : workers_) worker->use(hosts);
  }
  void report_health();
  Snapshot snapshot();
  ExposureReport exposure();
  std::size_t forget_names();
  Result<ExposureExplanation> explain(const Name& name);
  AnswerExplanation explain_question(const Question& question);
  std::size_t flush(const CacheScope& scope) {
    return scope.name ? cache_.remove(*scope.name, scope.reach) : cache_.clear();
  }

  std::unique_ptr<HttpLibrary> http_;  // outlives all that asks
  ReadConfig read_;
  OpenFile open_;
  std::optional<ControlSocket> control_socket_;  // until there is a Control
  const NotifySocket notify_;
  Confinement confinement_;
  mutable std::mutex settings_mutex_;
  std::shared_ptr<const Settings> settings_;
  SystemClock clock_;
  Cache cache_;
  ExposureLog exposure_{settings_->config.exposure, clock_.now()};
  Loop loop_;  // of the thread that called run(): signals and housekeeping
  BundleWatch bundles_{loop_, [this] { settings_->trust.refresh(); }};
  HostsFile hosts_{loop_, settings_->config.hosts.file, [this](const auto& hosts) { share(hosts); }, open_};
  Instant started_{clock_.now()};
  std::vector<SocketAddress> listen_;  // as bound
  std::vector<std::string> absent_;    // of these, as told to the log
  std::optional<OwnNetworkWatch> own_network_;
  std::unique_ptr<QueryLog> query_log_;  // null: nobody wants one
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Control> control_;
  std::unique_ptr<MetricsEndpoint> metrics_;
  std::atomic<bool> ending_{false};
  Alarm reload_soon_{loop_.scheduler(), [this] { reload(); }};
  Instant reloaded_{};
  ReloadCounts reloads_{.last_good = clock_.wall_time()};  // under settings_mutex_
};

Result<void> Server::State::run() {
  loop_.on_signals({SIGTERM, SIGINT, SIGHUP}, [this](int signal) { on_signal(signal); });
  let_sighup_through();
  const auto watchdog = watchdog_period();
  const Duration period = std::min(housekeeping, watchdog.value_or(housekeeping));
  Alarm keep_house(loop_.scheduler(), [&] {
    keep_house.arm(loop_.now() + period);
    if (watchdog) report_health();
    bundles_.follow(settings_->trust);
    settings_->trust.refresh();
    hosts_.look();
    if (exposure_.summary_due(loop_.now())) exposure_.summarise(exposure().exposure, loop_.now());
  });
  keep_house.arm(loop_.now() + period);

  for (const auto& worker : workers_) worker->start();
  const Result<void> trusted = settings_->trust.await();  // what needs no certificate is answered already
  if (trusted) {
    bundles_.follow(settings_->trust);
    settings_->trust.refresh();  // what changed before it was watched
    open_control();
    open_metrics();
    log::info("tacet {} serves {}", TACET_VERSION, fmt::join(listen_texts(), ", "));
    follow_listen();
    report_zones();
    report_access();
    notify_.tell("READY=1");
    loop_.run();
    notify_.tell("STOPPING=1");
    log::info("stopping");
  }
  ending_ = true;
  control_.reset();  // first: its handlers wait for workers
  metrics_.reset();
  for (const auto& worker : workers_) worker->stop();
  for (const auto& worker : workers_) worker->join();
  return trusted;
}

void Server::State::on_signal(int signal) {
  if (signal != SIGHUP) return end();
  // However many come at once, the last one's file is read.
  if (!reload_soon_.armed()) reload_soon_.arm(std::max(loop_.now(), reloaded_ + least_between_signalled_reloads));
}

void Server::State::end() {
  if (!ending_.exchange(true)) loop_.stop();
}

/// One at a time, for all of them run on the thread of run(). An exception leaves all as it was, and has been told to
/// the log and to the service manager.
std::expected<Reloaded, ReloadFaults> Server::State::reload() {
  reloaded_ = loop_.now();
  try {
    announce_reload();
    auto outcome = reload_now();
    count_reload(outcome);
    // What has been done is done, even if there are no words for it.
    if (!shielded(false, [&] { return tell_of_reload(outcome), true; })) notify_.tell("READY=1");
    return outcome;
  } catch (...) {
    count_reload(std::unexpected(ReloadFaults{}));
    log::warn("reload: refused: {}", no_memory);
    notify_.tell("READY=1\nSTATUS=Reload refused, serving as before: there was no memory for it");
    throw;
  }
}

void Server::State::announce_reload() const {
  const auto since_boot = std::chrono::duration_cast<std::chrono::microseconds>(clock_.now().time_since_epoch());
  const auto awake = since_boot - std::chrono::duration_cast<std::chrono::microseconds>(clock_.asleep());
  notify_.tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", awake.count()));
}

std::expected<Reloaded, ReloadFaults> Server::State::reload_now() {
  if (!read_) return Reloaded{.has_file = false};
  auto next = next_settings(*settings_, read_(open_));
  if (!next) return std::unexpected(std::move(next.error()));
  prepare(*next);
  return change_to(*next);
}

/// All that can fail: an exception leaves everything as it is.
void Server::State::prepare(const std::shared_ptr<const Settings>& next) const {
  std::vector<Worker::Outcome> prepared;
  for (const auto& worker : workers_) prepared.push_back(worker->prepare(next));
  for (auto& outcome : prepared) Worker::await(std::move(outcome));
}

/// Every worker changes between two queries. What still asks for memory is no part of that: it can wait, or be done
/// without.
Reloaded Server::State::change_to(const std::shared_ptr<const Settings>& next) {
  const auto former = settings_;
  const Config& config = next->config;
  Reloaded reloaded{.changed = difference(former->config, config).live};
  const Outdated outdated = outdated_by(former->config, config);
  {
    const std::lock_guard lock(settings_mutex_);
    settings_ = next;
  }
  log::set_level(config.log.level);
  if (config.log.lines != former->config.log.lines) log::set_limit(config.log.lines);
  exposure_.use(config.exposure);
  cache_.set_config(config.cache);
  for (const auto& worker : workers_) worker->use_prepared();
  reloaded.forgotten = forget(cache_, outdated);
  shielded(0, [&] { return bundles_.follow(next->trust), next->trust.refresh(), 0; });
  shielded(0, [&] { return hosts_.follow(config.hosts.file), 0; });
  shielded(0, [&] {
    if (config.forward != former->config.forward) report_zones();
    if (config.allow != former->config.allow) report_access();
    return 0;
  });
  return reloaded;
}

void Server::State::count_reload(const std::expected<Reloaded, ReloadFaults>& outcome) {
  if (outcome && !outcome->has_file) return;
  const std::lock_guard lock(settings_mutex_);
  ++(outcome ? reloads_.good : reloads_.refused);
  reloads_.last_was_good = outcome.has_value();
  if (outcome) reloads_.last_good = clock_.wall_time();
}

void Server::State::tell_of_reload(const std::expected<Reloaded, ReloadFaults>& outcome) const {
  if (outcome) {
    log::info("reload: {}", to_string(*outcome));
    notify_.tell(fmt::format("READY=1\nSTATUS=Reloaded: {}", to_string(*outcome)));
  } else {
    for (const std::string& fault : outcome.error()) log::warn("reload: refused: {}", fault);
    notify_.tell(fmt::format("READY=1\nSTATUS=Reload refused, serving as before: {}", outcome.error().front()));
  }
}

/// For the control thread: asks run()'s, and waits until that has answered, or ends.
std::expected<Reloaded, ReloadFaults> Server::State::reload_from_elsewhere() {
  Handover<std::expected<Reloaded, ReloadFaults>> handover;
  loop_.post([this, sender = handover.sender()]() mutable { sender.send(reload()); });
  while (!handover.finished_within(look_for_end))
    if (ending_) return std::unexpected(ReloadFaults{"tacet is stopping"});
  auto outcome = handover.take();
  return outcome ? *std::move(outcome) : std::unexpected(ReloadFaults{std::string(no_memory)});
}

/// Nobody shall learn by surprise that some names are not encrypted.
void Server::State::report_zones() const {
  for (const ForwardZone& zone : settings_->config.forward) {
    if (!zone.in_clear()) continue;
    std::vector<std::string> servers;
    for (const ZoneServer& server : zone.servers) servers.push_back(to_string(std::get<SocketAddress>(server)));
    log::warn("names in {} travel in clear, to {}, as configured by `forward`", zone.zone, fmt::join(servers, ", "));
  }
}

std::vector<std::string> Server::State::listen_texts() const {
  std::vector<std::string> texts;
  for (const SocketAddress& address : listen_) texts.push_back(to_string(address));
  return texts;
}

/// The addresses that nobody can ask at, for this machine does not have them (any more).
std::vector<std::string> Server::State::absent() const {
  std::vector<std::string> texts;
  for (const SocketAddress& address : listen_)
    if (!is_present(address)) texts.push_back(to_string(address));
  return texts;
}

/// Says what is not there, and then what comes and goes: a bridge, a VPN.
void Server::State::follow_listen() {
  const auto tell = [this] {
    auto now = absent();
    for (const std::string& address : now)
      if (std::ranges::find(absent_, address) == absent_.end())
        log::warn("{}: this machine has no such address now; it is served as soon as it is there", address);
    for (const std::string& address : absent_)
      if (std::ranges::find(now, address) == now.end()) log::info("{} is there now, and served", address);
    absent_ = std::move(now);
  };
  tell();
  own_network_.emplace(loop_, [tell](const OwnNetwork&) { tell(); });
}

/// Who opens a door has to know what may come in.
void Server::State::report_access() const {
  for (const AddressPrefix& prefix : settings_->config.allow)
    if (is_public(prefix))
      log::warn(
          "`allow` holds {}, addresses of the Internet: an open resolver tells strangers what this household "
          "asks, and is used to flood others with answers in its name. Allow your own addresses only, or close "
          "port 53 towards the Internet",
          to_string(prefix));
}

void Server::State::open_control() {
  if (!control_socket_) return;
  ControlHandlers handlers;
  handlers.status = [this] { return Result<Snapshot>(snapshot()); };
  handlers.flush = [this](const CacheScope& scope) { return Result<std::size_t>(flush(scope)); };
  handlers.cache = [this](const CacheScope& scope) {
    return Result<CacheReport>(look_into(cache_, scope, clock_.now(), let_others_in));
  };
  handlers.explain_question = [this](const Question& question) {
    return Result<AnswerExplanation>(explain_question(question));
  };
  handlers.exposure = [this] { return Result<ExposureReport>(exposure()); };
  handlers.forget_names = [this] { return Result<std::size_t>(forget_names()); };
  handlers.explain = [this](const Name& name) { return explain(name); };
  handlers.set_log_level = [](LogLevel level) {
    log::set_level(level);
    log::info("the log level is now {}, as asked over the control socket", log::to_string(level));
  };
  handlers.reload = [this] { return reload_from_elsewhere(); };
  Result<std::unique_ptr<Control>> control = Control::create(*std::move(control_socket_), std::move(handlers));
  control_socket_.reset();
  if (control)
    control_ = std::move(*control);
  else
    log::warn("no control socket, so `tacet status`, `flush` and `exposure` will not work: {}", control.error().detail);
}

void Server::State::open_metrics() {
  const auto& address = settings_->config.metrics.listen;
  if (!address) return;
  auto listener = MetricsEndpoint::listen(*address);
  if (!listener) return log::warn("no metrics by TCP: {}", listener.error().detail);
  MetricsSource source{[this] { return snapshot(); }, [this] { return exposure(); }};
  auto endpoint = MetricsEndpoint::create(*std::move(listener), std::move(source));
  if (!endpoint) return log::warn("no metrics by TCP: {}", endpoint.error().detail);
  metrics_ = *std::move(endpoint);
  log::info("metrics are at http://{}/metrics", to_string(*address));
}

/// Comes back only when every worker has answered: one that hangs keeps the watchdog hungry.
void Server::State::report_health() {
  for (const auto& worker : workers_) worker->await_turn();
  notify_.tell("WATCHDOG=1");
}

Snapshot Server::State::snapshot() {
  Snapshot snapshot;
  snapshot.uptime = clock_.now() - started_;
  snapshot.listen = listen_texts();
  snapshot.listen_absent = absent();
  snapshot.log_level = log::to_string(log::level());
  {
    const std::lock_guard lock(settings_mutex_);
    snapshot.reloads = reloads_;
  }
  snapshot.confinement = confinement_;
  snapshot.workers = static_cast<unsigned>(workers_.size());
  snapshot.cache = cache_.statistics();
  if (query_log_) snapshot.query_log = query_log_->counts();
  for (const auto& worker : workers_) worker->add_to(snapshot);
  return snapshot;
}

ExposureReport Server::State::exposure() {
  const auto settings = this->settings();
  const Config& config = settings->config;
  ExposureReport report{.mode = config.exposure.mode, .ech_in_build = tls_has_ech(), .now = clock_.now()};
  for (const auto& worker : workers_) worker->add_to(report);
  report.exposure.follow_aliases();
  for (const ForwardZone& zone : config.forward)
    if (zone.in_clear()) report.zones_in_clear.push_back(zone.zone);
  return report;
}

std::size_t Server::State::forget_names() {
  const std::size_t count = exposure().exposure.names.size();
  for (const auto& worker : workers_) worker->forget_names();
  return count;
}

/// By the first worker: the others decide alike, but each by what it has met itself.
AnswerExplanation Server::State::explain_question(const Question& question) {
  AnswerExplanation explanation = workers_.front()->explanation(question);
  explanation.hosts_file = settings()->config.hosts.file;
  return explanation;
}

/// What is known; asks only if that is nothing.
Result<ExposureExplanation> Server::State::explain(const Name& name) {
  const auto known_of = [this](const std::string& wire) {
    Exposure exposure = this->exposure().exposure;
    const auto known = exposure.names.find(wire);
    return known != exposure.names.end() ? std::move(known->second) : NameExposure{.name = wire};
  };
  std::string wire;
  for (const std::uint8_t octet : name.wire()) wire += static_cast<char>(fold(octet));
  ExposureExplanation explanation{.name = known_of(wire), .now = clock_.now()};
  if (!explanation.name.history.empty()) return explanation;
  Result<NameExposure> found = workers_.front()->examine(name);
  if (!found) return fail(std::move(found.error()));
  found->queries = explanation.name.queries;
  found->last_query = explanation.name.last_query;
  const bool asked_now = !found->upstream.empty();
  return ExposureExplanation{.name = *std::move(found), .asked_now = asked_now, .now = clock_.now()};
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::create(const Config& config, ConfigSource source) {
  log::start(config.log.level);
  log::set_limit(config.log.lines);
  auto http = std::make_unique<HttpLibrary>();
  const auto users = has_sanitizer() ? Users{} : choose_users(config, source.file);
  if (!users) return fail(users.error());
  auto open = is_confined(config) ? start_file_opener(config, source, *users, TrustStore::system_bundles())
                                  : OpenFile(open_file);
  if (!open) return fail(std::move(open.error()));
  auto sockets = open_sockets(config);
  if (!sockets) return fail(std::move(sockets.error()));
  auto control = open_control_socket(config);
  if (config.query_log.to.starts_with('/'))
    if (auto made = make_directory_of(config.query_log.to, users->resolver); !made)
      return fail(std::move(made.error()));
  auto notify = NotifySocket::open();
  if (const auto& account = users->resolver)
    if (auto became = become(*account); !became) return fail(std::move(became.error()));
  // From here on there are threads, and each has what this one has given up.
  Confinement confinement = confine(config, reach_of(config));
  if (users->resolver) confinement.user = users->resolver->name;
  auto state =
      std::make_unique<State>(config, State::Beginning{std::move(http), std::move(source.read), *std::move(open),
                                                       std::move(control), std::move(notify), std::move(confinement)});
  if (auto opened = state->open_query_log(); !opened) return fail(opened.error());
  state->serve_on(std::move(*sockets));
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Result<void> Server::run() { return state_->run(); }
void Server::stop() { state_->stop(); }

}  // namespace tacet
