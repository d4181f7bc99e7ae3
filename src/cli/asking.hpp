#pragma once
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/task_group.hpp"
#include "cli/query_report.hpp"
#include "daemon/upstreams.hpp"

namespace tacet {

/// Everything that one exchange with the upstreams of a configuration needs, without the daemon. `config` and `trust`
/// must outlive it. An HttpLibrary must exist.
class Asking {
public:
  Asking(const Config& config, const TrustStores& trust);
  ~Asking();
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

  /// Waits for the answer as long as the daemon would. Faults: as Upstream::exchange().
  Result<QueryOutcome> ask(const Message& query);

  /// The channels that ask for `name`, after ask().
  std::vector<ChannelReport> reports(const Name& name) { return upstreams_.set_for(name).reports(); }

private:
  Task<void> exchange(const Message& query, Instant deadline, std::optional<Result<Response>>& response);

  SystemClock clock_;
  Loop loop_;
  TaskGroup tasks_;
  Metrics metrics_;
  Upstreams upstreams_;
};

}  // namespace tacet
