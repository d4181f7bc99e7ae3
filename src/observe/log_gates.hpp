#pragma once
#include "base/log_gate.hpp"
#include "observe/failing_upstreams.hpp"

namespace tacet {

/// The gates of the log lines that clients and outages can cause at will, one for each kind. Shared by all workers, so
/// that a line comes once a minute however many workers see its cause.
struct LogGates {
  log::Gate not_allowed;         ///< a client that no prefix of `allow` holds
  log::Gate rate_limited;        ///< a client over `limits.rate`
  log::Gate no_proxy_header;     ///< a front end that sends none
  log::Gate stray_proxy_header;  ///< a PROXY header of somebody else
  log::Gate bogus, unproven;     ///< answers that are, or may be, not what their zones signed
  log::Gate no_root_keys;        ///< no answer can be proven
  log::Gate failure_streak;      ///< new names do not resolve
  FailingUpstreams failing;      ///< upstreams that do not answer, or have no valid certificate
};

}  // namespace tacet
