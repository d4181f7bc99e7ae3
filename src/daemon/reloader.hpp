#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "control/reload_outcome.hpp"
#include "daemon/settings.hpp"
#include "report/snapshot.hpp"
#include "system/service_manager.hpp"
#include "tacet/open_file.hpp"
#include "tacet/server.hpp"

namespace tacet {

/// Makes all parts use these settings, on the loop. What it throws leaves all parts as they were.
using ChangeSettings = std::function<Reloaded(const std::shared_ptr<const Settings>&)>;
/// What a reloader works with. The references must outlive it.
struct ReloaderContext {
  Loop& loop;
  const Clock& clock;
  const NotifySocket& notify;
  const CurrentSettings& settings;
  const ReadConfig& read;  ///< null: there is nothing to reload
  const OpenFile& open;
  ChangeSettings change;
};

/// Reloads the configuration: reads it, compares it, has it used, counts that, and tells the log and the service
/// manager. One reload at a time, for all of them run on the loop.
class Reloader {
public:
  explicit Reloader(ReloaderContext context);

  /// Reloads now. Throws what reading and changing throw, once that is counted and told. On the loop.
  ReloadOutcome reload();
  /// Reloads soon: a flood of calls is as good as one a second, and the last file is read. On the loop.
  void reload_soon();
  /// Has the loop reload, and waits for the outcome, or until stop_waiting(). Any thread but the loop's.
  ReloadOutcome reload_and_wait();
  /// The loop has ended, or will: nobody waits for it any more. Any thread.
  void stop_waiting() { stopping_ = true; }
  /// Any thread.
  ReloadCounts counts() const;

private:
  void announce() const;
  ReloadOutcome read_and_change();
  void count(const ReloadOutcome& outcome);
  void tell(const ReloadOutcome& outcome) const;

  ReloaderContext context_;
  mutable std::mutex mutex_;
  ReloadCounts counts_;  // under mutex_
  std::atomic<bool> stopping_{false};
  Instant last_{};  // when a reload began last
  Alarm soon_;
};

}  // namespace tacet
