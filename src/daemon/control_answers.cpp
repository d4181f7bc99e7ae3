#include "daemon/control_answers.hpp"

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"
#include "transport/tls/tls.hpp"

namespace tacet {
namespace {

/// Long enough for a thread that waits for a shard's lock to get it.
void let_others_in() { std::this_thread::sleep_for(std::chrono::microseconds(100)); }

/// The last overview. It is made from all names that the workers keep, which takes milliseconds of their time, and a
/// page asks for it once a second. Of one thread.
class RecentOverview {
public:
  template <class Make>
  ExposureOverview at(Instant now, Make make) {
    constexpr Duration lasts = std::chrono::seconds(20);
    if (!made_ || now - made_at_ >= lasts) {
      made_ = make();
      made_at_ = now;
    }
    return *made_;
  }

private:
  std::optional<ExposureOverview> made_;
  Instant made_at_{};
};

}  // namespace

ControlHandlers ControlAnswers::handlers() {
  ControlHandlers handlers;
  handlers.status = [this] { return Result<Snapshot>(snapshot()); };
  handlers.flush = [this](const CacheScope& scope) { return Result<std::size_t>(flush(scope)); };
  handlers.cache = [this](const CacheScope& scope) {
    return Result<CacheReport>(look_into(sources_.cache, scope, sources_.clock.now(), let_others_in));
  };
  handlers.explain_question = [this](const Question& question) {
    return Result<AnswerExplanation>(explain_question(question));
  };
  handlers.exposure = [this] { return Result<ExposureReport>(exposure()); };
  handlers.page_with_names = [this] { return page_with_names(); };
  handlers.forget_names = [this] { return Result<std::size_t>(forget_names()); };
  handlers.explain = [this](const Name& name) { return explain(name); };
  handlers.set_log_level = [](LogLevel level) {
    log::set_level(level);
    log::info("the log level is now {}, as asked over the control socket", log::to_string(level));
  };
  handlers.reload = [this] { return sources_.reloader.reload_and_wait(); };
  return handlers;
}

MetricsSource ControlAnswers::metrics_source() {
  return {
      .snapshot = [this] { return snapshot(); },
      .exposure =
          [this, recent = RecentOverview()]() mutable {
            return recent.at(sources_.clock.now(), [this] { return exposure(); });
          },
      .history = [this](const Metrics& totals, Instant now, std::size_t most) { return minutes(totals, now, most); },
      .now = [this] { return sources_.clock.now(); },
      .names = [this](std::string_view pass) -> std::optional<ExposureReport> {
        if (!passes_.admits(pass, sources_.clock.now())) return std::nullopt;
        return exposure();
      }};
}

void ControlAnswers::begin_history(std::string page) {
  page_ = std::move(page);
  history_.emplace(started_);
}

void ControlAnswers::note_minute() {
  const Instant now = sources_.clock.now();
  if (!history_ || !history_->is_due(now)) return;  // nobody else writes
  const Metrics totals = snapshot().metrics;
  const std::lock_guard lock(history_mutex_);
  history_->note(totals, now);
}

std::vector<HistoryMinute> ControlAnswers::minutes(const Metrics& totals, Instant now, std::size_t most) const {
  const std::lock_guard lock(history_mutex_);
  return history_ ? history_->minutes(totals, now, most) : std::vector<HistoryMinute>();
}

Snapshot ControlAnswers::snapshot() const {
  Snapshot snapshot;
  snapshot.uptime = sources_.clock.now() - started_;
  snapshot.page = page_;
  snapshot.rebind = sources_.settings.get()->config.rebind;
  snapshot.listen = sources_.listen.texts();
  snapshot.listen_absent = sources_.listen.absent();
  snapshot.log_level = log::to_string(log::level());
  snapshot.reloads = sources_.reloader.counts();
  snapshot.confinement = sources_.confinement;
  snapshot.interferences = sources_.path.interferences();
  snapshot.sites = sources_.sites.sites();
  snapshot.site_changes = sources_.sites.changes();
  snapshot.now = sources_.clock.now();
  snapshot.workers = static_cast<unsigned>(sources_.workers.size());
  snapshot.cache = sources_.cache.statistics();
  const auto settings = sources_.settings.get();
  snapshot.dnssec = {
      .rules = settings->dnssec, .ignored = settings->config.dnssec.ignore, .now = sources_.clock.wall_time()};
  snapshot.certificates = settings->certificates.reports(sources_.clock.wall_time());
  if (sources_.query_log) snapshot.query_log = sources_.query_log->counts();
  for (const auto& worker : sources_.workers) worker->add_to(snapshot);
  return snapshot;
}

/// Keys and denials go, too: they would make the same answers again.
std::size_t ControlAnswers::flush(const CacheScope& scope) {
  for (const auto& worker : sources_.workers) worker->forget_verdicts();
  return scope.name ? sources_.cache.remove(*scope.name, scope.reach) : sources_.cache.clear();
}

ExposureReport ControlAnswers::exposure() const {
  const auto settings = sources_.settings.get();
  const Config& config = settings->config;
  ExposureReport report{.mode = config.exposure.mode, .ech_in_build = tls_has_ech(), .now = sources_.clock.now()};
  for (const auto& worker : sources_.workers) worker->add_to(report);
  report.exposure.follow_aliases();
  for (const ForwardZone& zone : config.forward)
    if (zone.in_clear()) report.zones_in_clear.push_back(zone.zone);
  return report;
}

Result<std::string> ControlAnswers::page_with_names() {
  if (page_.empty()) return fail(Fault::refused, "the page is off (metrics.listen)");
  return page_ + "names?pass=" + passes_.issue(sources_.clock.now());
}

std::size_t ControlAnswers::forget_names() {
  const std::size_t count = exposure().exposure.names.size();
  for (const auto& worker : sources_.workers) worker->forget_names();
  return count;
}

/// By the first worker: the others decide alike, but each by what it has met itself.
AnswerExplanation ControlAnswers::explain_question(const Question& question) const {
  AnswerExplanation explanation = sources_.workers.front()->explanation(question);
  explanation.hosts_file = sources_.settings.get()->config.hosts.file;
  return explanation;
}

/// What is known. If that is nothing, a question is asked.
Result<ExposureExplanation> ControlAnswers::explain(const Name& name) const {
  const auto known_of = [this](const std::string& wire) {
    Exposure exposure = this->exposure().exposure;
    const auto known = exposure.names.find(wire);
    return known != exposure.names.end() ? std::move(known->second) : NameExposure{.name = wire};
  };
  ExposureExplanation explanation{.name = known_of(lower_case(chars_of(name.wire()))), .now = sources_.clock.now()};
  if (!explanation.name.history.empty()) return explanation;
  Result<NameExposure> found = sources_.workers.front()->examine(name);
  if (!found) return fail(std::move(found.error()));
  found->queries = explanation.name.queries;
  found->last_query = explanation.name.last_query;
  const bool asked_now = !found->upstream.empty();
  return ExposureExplanation{.name = *std::move(found), .asked_now = asked_now, .now = sources_.clock.now()};
}

}  // namespace tacet
