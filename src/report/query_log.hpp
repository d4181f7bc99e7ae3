#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "observe/query_tap.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// How much was written down, and how much was not.
struct QueryLogCounts {
  std::string to = "off";     ///< as configured: "off", "journal" or a path
  std::uint64_t written = 0;  ///< lines
  std::uint64_t dropped = 0;  ///< queries that found no room, for they came faster than they could be written
  std::uint64_t failed = 0;   ///< lines that could not be written: a full disk, no permission
};

/// The log of queries, for those who ask for one: JSON lines to a file or to standard output, by a thread of its own
/// that no query ever waits for.
class QueryLog {
public:
  /// Nothing if the configuration wants no log. Else starts the thread; a file that cannot be opened is a warning, and
  /// tried again with every query. The clock must outlive it. Fault::system.
  static Result<std::unique_ptr<QueryLog>> create(const QueryLogConfig& config, unsigned workers, const Clock& clock);
  /// Writes what waits, and ends.
  ~QueryLog();

  /// Where worker `number` leaves its queries.
  QueryTap& tap(std::size_t number);
  /// Any thread.
  QueryLogCounts counts() const;

private:
  class State;
  explicit QueryLog(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tacet
