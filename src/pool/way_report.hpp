#pragma once
#include <optional>
#include <string>

#include "observe/greeting_outcome.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// How one server is reached, for `tacet status` and `explain`.
struct WayReport {
  std::string id;                          ///< the URL as configured
  Rung way = Rung::configured;             ///< of its connections now
  std::optional<GreetingOutcome> block{};  ///< what the configured way shows here, if that looks like a block
  std::optional<Rung> would_work{};        ///< with `ladder: ask-only`
};

}  // namespace tacet
