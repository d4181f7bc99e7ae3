#pragma once
#include <cstddef>
#include <mutex>
#include <set>
#include <string>

#include "tacet/instant.hpp"

namespace tacet {

/// Keeps the log short when many upstreams fail at once: the log names a few a minute, and the others are counted. Any
/// thread.
class FailingUpstreams {
public:
  static constexpr Duration period = std::chrono::minutes(1);
  static constexpr std::size_t most_named = 8;  ///< in one period

  /// The upstream with this URL fails. True if the log may name it: once a period unless it worked in between, and not
  /// too many.
  bool may_name(const std::string& upstream, Instant now);
  /// The upstream answers again. True if the log named it last as failing, whichever worker found that.
  bool works(const std::string& upstream);
  /// How many upstreams fail that were not named; those that were counted in this period do not count again.
  std::size_t take_unnamed();

private:
  std::mutex mutex_;
  Instant began_{};                // the present period
  std::size_t lines_ = 0;          // of it
  std::set<std::string> named_;    // in it, and they still fail
  std::set<std::string> unnamed_;  // they fail, and were neither named nor counted in it
  std::set<std::string> counted_;  // in it, and they still fail
  std::set<std::string> said_;     // the log names them last as failing
};

}  // namespace tacet
