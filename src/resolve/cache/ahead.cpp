#include "resolve/cache/ahead.hpp"

#include <algorithm>
#include <cmath>

namespace tacet {
namespace {

/// Ages are whole seconds, and a fetch may take most of one: an answer with less left is as good as expired. But an
/// answer of a few seconds would be fetched all the time.
constexpr std::uint32_t most_nearly_over = 2, nearly_over_share = 10;
/// More than half, because uses come in bursts: the interval seems shorter than it is.
constexpr double likely = 0.55;

}  // namespace

bool refresh_pays(std::uint32_t remaining, std::uint32_t lifetime, std::uint32_t interval) {
  const std::uint32_t nearly_over = std::min(most_nearly_over, lifetime / nearly_over_share);
  if (interval == 0 || (remaining > nearly_over && remaining >= interval)) return false;
  const double longest_wait = static_cast<double>(lifetime) / interval;
  const double rest = remaining <= nearly_over ? 0 : static_cast<double>(remaining) / interval;
  return std::exp(-rest) - std::exp(-longest_wait) >= likely;
}

}  // namespace tacet
