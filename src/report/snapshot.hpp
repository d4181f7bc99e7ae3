#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "observe/failure_streak.hpp"
#include "observe/interference.hpp"
#include "observe/metrics.hpp"
#include "observe/site_watch.hpp"
#include "report/certificate_report.hpp"
#include "report/query_log.hpp"
#include "report/upstream_report.hpp"
#include "resolve/cache/cache.hpp"
#include "resolve/validation/validation.hpp"
#include "system/confinement.hpp"
#include "tacet/config.hpp"
#include "tacet/instant.hpp"

namespace tacet {

/// How often the configuration was read, with the outcomes.
struct ReloadCounts {
  std::uint64_t good = 0, refused = 0;  ///< since the start
  bool last_was_good = true;
  WallTime last_good{};  ///< when the configuration in use was read
};

/// What validation goes by, and what it has learned.
struct DnssecReport {
  std::shared_ptr<const ValidationRules> rules = std::make_shared<const ValidationRules>();  ///< never null
  std::array<std::size_t, 4> zones{};  ///< facts that all workers hold, by ZoneState
  std::vector<IgnoredZone> ignored;
  WallTime now{};
  std::string root_fault;  ///< why no answer can be proven now; empty: nothing is known against it
};

/// Everything that `tacet status` shows, taken from all workers at nearly one moment.
struct Snapshot {
  Duration uptime{};
  std::vector<std::string> listen;              ///< served addresses
  std::vector<std::string> listen_absent;       ///< those of them that this machine does not have now
  std::string page;                             ///< where the page is: "http://127.0.0.1:9153/"; empty: it is off
  std::vector<CertificateReport> certificates;  ///< of the encrypted listeners
  RebindConfig rebind;                          ///< whether public names may lead here, and the exceptions
  unsigned workers = 0;
  std::string_view log_level;  ///< the present level
  ReloadCounts reloads;
  Confinement confinement;
  Metrics metrics;  ///< of all workers
  CacheStatistics cache;
  QueryLogCounts query_log;
  DnssecReport dnssec;
  FailureStreak streak;                     ///< of names that upstreams answered
  std::vector<UpstreamReport> upstreams;    ///< in configured order
  std::vector<ZoneReport> zones;            ///< in configured order
  std::vector<Interference> interferences;  ///< of the network with connections to upstreams
  std::vector<ServerSite> sites;            ///< of the addresses whose servers name themselves
  std::uint64_t site_changes = 0;           ///< since the start
  Instant now{};                            ///< when it was taken
  std::uint64_t pending = 0;                ///< queries that wait for an upstream
  std::uint64_t slow_turns = 0;             ///< turns of the workers' loops that took longer than TurnCounts::slow
  std::uint64_t longest_turn = 0;           ///< microseconds, of these
  std::uint64_t plaintext_lookups = 0;      ///< bootstrap look-ups made in the clear
};

}  // namespace tacet
