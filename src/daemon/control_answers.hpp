#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "control/control.hpp"
#include "control/metrics_endpoint.hpp"
#include "control/page_passes.hpp"
#include "daemon/listen_addresses.hpp"
#include "daemon/reloader.hpp"
#include "daemon/worker.hpp"
#include "report/query_log.hpp"

namespace tacet {

/// What ControlAnswers gathers its answers from. The references must outlive it.
struct ControlSources {
  const Clock& clock;
  const CurrentSettings& settings;
  Cache& cache;
  const Workers& workers;
  const ListenAddresses& listen;
  const Confinement& confinement;
  const std::unique_ptr<QueryLog>& query_log;
  Reloader& reloader;
  const PathWatch& path;
  const SiteWatch& sites;
};

/// What the control socket and the metrics endpoint answer, gathered from its sources. Waits for workers. Every thread
/// but the workers' may ask.
class ControlAnswers {
public:
  explicit ControlAnswers(const ControlSources& sources) : sources_(sources), started_(sources.clock.now()) {}

  /// For the control socket. This object must outlive them.
  ControlHandlers handlers();
  /// For the metrics endpoint; as handlers().
  MetricsSource metrics_source();
  ExposureReport exposure() const;

  /// From now on status tells this address of the page, and the minutes are noted. Before there are readers.
  void begin_history(std::string page);
  /// Notes the minute if one is over. The main thread's. Does nothing before begin_history().
  void note_minute();

private:
  Snapshot snapshot() const;
  std::vector<HistoryMinute> minutes(const Metrics& totals, Instant now, std::size_t most) const;
  std::size_t flush(const CacheScope& scope);
  std::size_t forget_names();
  Result<std::string> page_with_names();
  AnswerExplanation explain_question(const Question& question) const;
  Result<ExposureExplanation> explain(const Name& name) const;

  ControlSources sources_;
  Instant started_;
  std::string page_;
  PagePasses passes_;
  mutable std::mutex history_mutex_;
  std::optional<History> history_;
};

}  // namespace tacet
