#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tacet/instant.hpp"

namespace tacet {

/// Tells whether upstreams answer each new name with a failure. Such an upstream works by every other measure: it is
/// there, and it answers in time. A few broken names are no streak, so only different domains count.
class FailureStreak {
public:
  /// So many different domains in a row make a streak.
  static constexpr std::size_t enough = 5;

  /// An upstream answered a name with SERVFAIL, REFUSED or the like, or its answer could not be proven. `domain` is a
  /// hash of the registrable domain. True if a streak begins by this.
  bool failed(std::uint64_t domain, Instant now);
  /// An upstream answered a name with an answer.
  void succeeded(Instant now);
  /// Joins what another worker saw.
  void add(const FailureStreak& other);

  /// True if the last names failed in `enough` domains, and nothing came since.
  bool is_on() const { return domains_.size() >= enough && last_failure_ > last_success_; }

private:
  bool count(std::uint64_t domain);

  std::vector<std::uint64_t> domains_;  // at most `enough`
  Instant last_failure_ = Instant::min(), last_success_ = Instant::min();
};

}  // namespace tacet
