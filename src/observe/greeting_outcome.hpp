#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "tacet/result.hpp"

namespace tacet {

/// What came of a greeting (ClientHello), or of the TCP connection before it.
enum class GreetingOutcome : std::uint8_t {
  greeted,  ///< the server proved its identity
  reset,    ///< TCP came up, and the connection ended before the server had proved its identity
  silent,   ///< TCP came up, and the greeting got no answer in time
  refused,  ///< something answered, but not the server: a false certificate, an alert, no TLS
  dropped,  ///< no TCP connection came up, and nobody said why
  closed,   ///< no TCP connection came up: it was refused, or there is no route
};

/// What a block looks like in a sentence: "reset after the greeting". `outcome` is not `greeted`.
std::string_view to_string(GreetingOutcome outcome);

/// What a connection showed that ended before it was greeted. Nothing if the fault is this machine's own.
std::optional<GreetingOutcome> greeting_outcome_of(Fault fault);

}  // namespace tacet
