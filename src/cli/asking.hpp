#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/task_group.hpp"
#include "cli/query_report.hpp"
#include "daemon/upstreams.hpp"
#include "daemon/validation_rules.hpp"
#include "resolve/validation/validation.hpp"

namespace tacet {

/// Everything that one exchange with the upstreams of a configuration needs, without the daemon. `config` and `trust`
/// must outlive it. An HttpLibrary must exist. Answers are validated as `rules` say; the default is not at all.
class Asking {
public:
  Asking(const Config& config, const TrustStores& trust, std::shared_ptr<const ValidationRules> rules = {});
  ~Asking();
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

  /// Waits for the answer as long as the daemon would. Faults: as Upstream::exchange().
  Result<QueryOutcome> ask(const Message& query);

  /// The channels that ask for `name`, after ask().
  std::vector<ChannelReport> reports(const Name& name) { return upstreams_.set_for(name).reports(); }

private:
  Task<void> exchange(const Message& query, Instant deadline, std::optional<Result<Response>>& response,
                      std::optional<Judgement>& judgement);

  SystemClock clock_;
  Loop loop_;
  TaskGroup tasks_;
  Metrics metrics_;
  Upstreams upstreams_;
  HashSeed seed_ = HashSeed::random();
  Validation validation_;
};

}  // namespace tacet
