#include "tacet/server.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/shield.hpp"
#include "config/difference.hpp"
#include "control/control.hpp"
#include "control/http_server.hpp"
#include "control/metrics_endpoint.hpp"
#include "daemon/bundle_watch.hpp"
#include "daemon/config_warnings.hpp"
#include "daemon/control_answers.hpp"
#include "daemon/hosts_file.hpp"
#include "daemon/listen_addresses.hpp"
#include "daemon/reload.hpp"
#include "daemon/reloader.hpp"
#include "daemon/startup.hpp"
#include "daemon/validation_rules.hpp"
#include "daemon/worker.hpp"
#include "dnssec/validity.hpp"
#include "listen/bind.hpp"
#include "system/clock_watch.hpp"

namespace tacet {
namespace {

/// An idle tacet wakes up this often, and for nothing else. It looks at bundle files and the hosts file for changes
/// that no watch has seen. It tells the service manager that all is well, unless that wants to hear so more often.
constexpr Duration housekeeping = std::chrono::minutes(1);

/// Beyond it, the former verdicts do not hold: a signature's times are checked with an hour of tolerance.
constexpr Duration least_clock_jump = std::chrono::minutes(5);

/// By how much the time of day is ahead of the time since boot.
Duration offset_of(const Clock& clock) { return clock.wall_time().time_since_epoch() - clock.now().time_since_epoch(); }

/// A main() may have held SIGHUP back, for until now nothing heard it.
void let_sighup_through() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace

/// All parts, and what they tell each other. The thread of run() has the signals, the housekeeping and the reloads.
class Server::State {
public:
  State(const Config& configured, Startup startup, std::shared_ptr<const ValidationRules> validation)
      : startup_(std::move(startup)),
        settings_(std::make_shared<const Settings>(configured, TrustStores(startup_.open),
                                                   ServerCertificates(startup_.open), std::move(validation))),
        cache_(configured.cache),
        exposure_(configured.exposure, clock_.now()),
        path_(configured.upstreams) {}

  /// Before run(). Fault::system.
  Result<void> make_workers();
  Result<void> run();
  std::vector<std::string> listening() const { return listen_.texts(); }
  void stop() {
    loop_.post([this] { loop_.stop(); });
  }

private:
  void serve();
  void keep_house();
  void follow_bundles();
  void open_control();
  void open_metrics();
  void share(const std::shared_ptr<const Hosts>& hosts) {
    for (const auto& worker : workers_) worker->use(hosts);
  }
  Reloaded change_to(const std::shared_ptr<const Settings>& next);
  void prepare(const std::shared_ptr<const Settings>& next) const;
  void change_parts(const Config& former, const std::shared_ptr<const Settings>& next);
  void report_health();
  void judge_again();
  void warn_of_clock();
  void tell_of_failing();

  Startup startup_;  // outlives all that uses the HTTP library
  SystemClock clock_;
  CurrentSettings settings_;
  Cache cache_;
  ExposureLog exposure_;
  PathWatch path_;
  SiteWatch sites_;
  std::shared_ptr<LogGates> gates_ = std::make_shared<LogGates>();
  Loop loop_{clock_};  // of the thread that called run()
  BundleWatch bundles_{loop_, [this] { settings_.get()->trust.refresh(); }};
  ExpiryLog expiry_log_;
  BundleWatch certificates_{loop_, [this] { settings_.get()->certificates.refresh(loop_.now()); }};
  HostsFile hosts_{loop_, settings_.get()->config.hosts.file, [this](const auto& hosts) { share(hosts); },
                   startup_.open};
  ClockWatch clock_watch_{loop_, [this] { judge_again(); }};
  Duration clock_offset_ = offset_of(clock_);
  ListenAddresses listen_{startup_.sockets.front()};
  std::unique_ptr<QueryLog> query_log_;  // null: nobody wants one
  Workers workers_;
  Reloader reloader_{{loop_, clock_, startup_.notify, settings_, startup_.read, startup_.open,
                      [this](const auto& next) { return change_to(next); }}};
  ControlAnswers answers_{
      {clock_, settings_, cache_, workers_, listen_, startup_.confinement, query_log_, reloader_, path_, sites_}};
  std::unique_ptr<Control> control_;
  Descriptor metrics_listener_;  // outlives its server
  std::unique_ptr<HttpServer> metrics_;
  std::optional<Duration> watchdog_ = watchdog_period();
  Alarm next_housekeeping_{loop_.scheduler(), [this] { keep_house(); }};
};

Result<void> Server::State::make_workers() {
  const auto settings = settings_.get();
  if (auto proven = settings->certificates.check(); !proven) return proven;
  auto log = QueryLog::create(settings->config.query_log, settings->config.workers, clock_);
  if (!log) return fail(log.error());
  query_log_ = *std::move(log);
  const SharedParts shared{.clock = clock_,
                           .settings = settings,
                           .cache = cache_,
                           .exposure = exposure_,
                           .path = path_,
                           .sites = sites_,
                           .gates = gates_};
  for (auto& of_worker : startup_.sockets) {
    QueryTap* const tap = query_log_ ? &query_log_->tap(workers_.size()) : nullptr;
    workers_.push_back(std::make_unique<Worker>(shared, std::move(of_worker), tap));
  }
  share(hosts_.table());
  return {};
}

Result<void> Server::State::run() {
  loop_.on_signals({SIGTERM, SIGINT, SIGHUP}, [this](int signal) {
    if (signal == SIGHUP)
      reloader_.reload_soon();
    else
      loop_.stop();
  });
  let_sighup_through();
  next_housekeeping_.arm(loop_.now() + std::min(housekeeping, watchdog_.value_or(housekeeping)));
  for (const auto& worker : workers_) worker->start();
  const Result<void> trusted = settings_.get()->trust.await();  // what needs no certificate is answered already
  if (trusted) serve();
  reloader_.stop_waiting();
  control_.reset();  // first: its handlers wait for workers
  metrics_.reset();
  metrics_listener_ = {};
  for (const auto& worker : workers_) worker->stop();
  for (const auto& worker : workers_) worker->join();
  return trusted;
}

void Server::State::serve() {
  follow_bundles();  // and reads what changed before it was watched
  open_metrics();    // first: it tells the answers of the control socket where the page is
  open_control();
  log::info("tacet {} serves {}", TACET_VERSION, fmt::join(listen_.texts(), ", "));
  listen_.follow(loop_);
  warn_of_zones_in_clear(settings_.get()->config);
  warn_of_public_clients(settings_.get()->config);
  warn_of_clock();
  startup_.notify.tell("READY=1");
  loop_.run();
  startup_.notify.tell("STOPPING=1");
  log::info("stopping");
}

void Server::State::keep_house() {
  next_housekeeping_.arm(loop_.now() + std::min(housekeeping, watchdog_.value_or(housekeeping)));
  if (watchdog_) report_health();
  follow_bundles();
  hosts_.look();
  if (metrics_) answers_.note_minute();
  tell_of_failing();
  if (exposure_.summary_due(loop_.now())) exposure_.summarise(answers_.exposure().exposure, loop_.now());
}

void Server::State::follow_bundles() {
  const auto settings = settings_.get();
  bundles_.follow(settings->trust.files());
  settings->trust.refresh();
  certificates_.follow(settings->certificates.files());
  settings->certificates.refresh(loop_.now());
  expiry_log_.look(settings->certificates.reports(clock_.wall_time()), loop_.now());
}

/// Comes back only when every worker has answered: one that hangs keeps the watchdog hungry.
void Server::State::report_health() {
  for (const auto& worker : workers_) worker->await_turn();
  startup_.notify.tell("WATCHDOG=1");
}

/// A wrong clock may have led to wrong judgements. A small step of the clock stays within the tolerance for
/// signatures.
void Server::State::judge_again() {
  const Duration offset = offset_of(clock_);
  if (std::chrono::abs(offset - std::exchange(clock_offset_, offset)) < least_clock_jump) return;
  if (settings_.get()->dnssec->mode == DnssecMode::off) return;
  log::info("the clock was set: answers are validated again");
  for (const auto& worker : workers_) worker->forget_verdicts();
  cache_.clear();
  warn_of_clock();
}

/// Names must resolve on a machine that learns the time from the network.
void Server::State::warn_of_clock() {
  if (settings_.get()->dnssec->mode == DnssecMode::off || clock_is_set(clock_.wall_time())) return;
  log::warn("the clock is not set: signatures are checked without their dates, until it is");
}

void Server::State::tell_of_failing() {
  if (const std::size_t more = gates_->failing.take_unnamed(); more > 0)
    log::warn("{} more {}; `tacet status` names all", more, more == 1 ? "upstream fails" : "upstreams fail");
}

void Server::State::open_control() {
  if (!startup_.control) return;
  auto control = Control::create(*std::move(startup_.control), answers_.handlers());
  startup_.control.reset();
  if (control)
    control_ = std::move(*control);
  else
    log::warn("no control socket, so `tacet status`, `flush` and `exposure` will not work: {}", control.error().detail);
}

void Server::State::open_metrics() {
  const auto settings = settings_.get();
  const auto& address = settings->config.metrics.listen;
  if (!address) return;
  auto listener = bind_tcp(*address);
  if (!listener) return log::warn("no metrics by TCP: {}", listener.error().detail);
  answers_.begin_history(fmt::format("http://{}/", to_string(*address)));
  metrics_listener_ = *std::move(listener);
  auto server = HttpServer::create(metrics_listener_.get(),
                                   metrics_site(answers_.metrics_source(), settings->config.metrics.names));
  if (!server) return log::warn("no metrics by TCP: {}", server.error().detail);
  metrics_ = *std::move(server);
  log::info("the page is at http://{0}/, and metrics are at http://{0}/metrics", to_string(*address));
}

Reloaded Server::State::change_to(const std::shared_ptr<const Settings>& next) {
  prepare(next);
  const auto former = settings_.get();
  Reloaded reloaded{.changed = difference(former->config, next->config).live};
  const Outdated outdated = outdated_by(former->config, next->config);
  change_parts(former->config, next);
  reloaded.forgotten = forget(cache_, outdated);
  shielded(0, [&] { return follow_bundles(), 0; });
  shielded(0, [&] { return hosts_.follow(next->config.hosts.file), 0; });
  shielded(0, [&] {
    if (next->config.forward != former->config.forward) warn_of_zones_in_clear(next->config);
    if (next->config.allow != former->config.allow) warn_of_public_clients(next->config);
    return 0;
  });
  return reloaded;
}

/// All that can fail: an exception leaves everything as it is.
void Server::State::prepare(const std::shared_ptr<const Settings>& next) const {
  std::vector<Worker::Outcome> prepared;
  for (const auto& worker : workers_) prepared.push_back(worker->prepare(next));
  for (auto& outcome : prepared) Worker::await(std::move(outcome));
}

/// Every worker changes between two queries. What still asks for memory is no part of that: it can wait, or be done
/// without.
void Server::State::change_parts(const Config& former, const std::shared_ptr<const Settings>& next) {
  const Config& config = next->config;
  settings_.set(next);
  log::set_level(config.log.level);
  if (config.log.lines != former.log.lines) log::set_limit(config.log.lines);
  exposure_.use(config.exposure);
  shielded(0, [&] { return path_.use(config.upstreams), sites_.use(config.upstreams), 0; });
  cache_.set_config(config.cache);
  for (const auto& worker : workers_) worker->use_prepared();
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::create(const Config& config, ConfigSource source) {
  auto startup = start_up(config, std::move(source));
  if (!startup) return fail(std::move(startup.error()));
  auto rules = make_validation_rules(config, startup->open);
  if (!rules) return fail(std::move(rules.error()));
  auto state = std::make_unique<State>(config, *std::move(startup), *std::move(rules));
  if (auto made = state->make_workers(); !made) return fail(made.error());
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

std::vector<std::string> Server::listening() const { return state_->listening(); }
Result<void> Server::run() { return state_->run(); }
void Server::stop() { state_->stop(); }

}  // namespace tacet
