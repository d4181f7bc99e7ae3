#include "transport/pause_record.hpp"

#include <algorithm>

namespace tacet {
namespace {

/// One death may be the loss of a few packets.
constexpr unsigned convincing_deaths = 2;

}  // namespace

void PauseRecord::survived(Duration pause) {
  longest_survived_ = std::max(longest_survived_, pause);
  if (pause < shortest_death_) return;
  shortest_death_ = Duration::max();
  deaths_ = 0;
}

void PauseRecord::died(Duration pause) {
  if (pause <= longest_survived_) return;
  shortest_death_ = std::min(shortest_death_, pause);
  ++deaths_;
}

/// Between what was survived and what was not, the NAT's time is unknown: half of the latter is a guess.
Duration PauseRecord::limit(Duration wanted) const {
  if (deaths_ < convincing_deaths) return wanted;
  return std::min(wanted, std::max(longest_survived_, shortest_death_ / 2));
}

}  // namespace tacet
