#pragma once
#include <cstddef>
#include <optional>

#include "tacet/instant.hpp"

namespace tacet {

/// How many queries a server answers on one connection before it closes it: some close behind each answer, others
/// behind ten. Two such ends in a row behind the same number of answers, with queries left over, show it. Pure.
class ConnectionQuota {
public:
  /// With more answers than this on each connection, one connection after the other is fast enough.
  static constexpr std::size_t most = 32;
  /// What was learned holds for this time.
  static constexpr Duration kept = std::chrono::minutes(5);

  /// A connection ended behind `answers` answers, and `left` queries on it had none. True once: the first time that
  /// this shows a quota.
  bool ended(std::size_t answers, std::size_t left, Instant now);
  /// Nothing if none is known.
  std::optional<std::size_t> known(Instant now) const;
  void forget() { last_ = quota_ = 0; }

private:
  std::size_t last_ = 0;   // answers of the connection that ended last with queries left over
  std::size_t quota_ = 0;  // 0: never learned
  Instant until_{};
  bool was_known_ = false;
};

}  // namespace tacet
