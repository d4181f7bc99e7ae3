#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "observe/query_tap.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The numbers of written and lost queries.
struct QueryLogCounts {
  std::string to = "off";     ///< as configured: "off", "journal" or a path
  std::uint64_t written = 0;  ///< lines
  std::uint64_t dropped = 0;  ///< queries that found no room: they came faster than the thread writes
  std::uint64_t failed = 0;   ///< lines that could not be written: a full disk, no permission
};

/// The optional log of queries: JSON lines to a file or to standard output. Its own thread writes them; no query waits
/// for it.
class QueryLog {
public:
  /// Nothing if the configuration wants no log. Else starts the thread. A file that cannot be opened is a warning;
  /// every query tries again. The clock must outlive it. Fault::system.
  static Result<std::unique_ptr<QueryLog>> create(const QueryLogConfig& config, unsigned workers, const Clock& clock);
  /// Writes the waiting lines, and ends.
  ~QueryLog();

  /// The buffer for the queries of worker `number`.
  QueryTap& tap(std::size_t number);
  /// Any thread.
  QueryLogCounts counts() const;

private:
  class State;
  explicit QueryLog(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tacet
