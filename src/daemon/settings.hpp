#pragma once
#include "daemon/upstreams.hpp"
#include "resolve/policy.hpp"
#include "resolve/rebind.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// One configuration, and what all workers share because of it. Held by whoever uses it and never changed: a reload
/// makes another one.
struct Settings {
  /// Begins to read the trust stores that `former` does not have.
  explicit Settings(Config configured, const TrustStores& former = {})
      : config(std::move(configured)),
        trust(config, former),
        policy(config),
        rebind(config.rebind) {}

  Config config;
  TrustStores trust;
  Policy policy;
  RebindGuard rebind;
};

}  // namespace tacet
