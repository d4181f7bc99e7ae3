#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/loop.hpp"
#include "base/task_group.hpp"
#include "observe/metrics.hpp"
#include "resolve/upstream_set.hpp"
#include "tacet/config.hpp"
#include "transport/bootstrap.hpp"
#include "transport/connector.hpp"
#include "transport/service.hpp"
#include "transport/tls.hpp"

namespace tacet {

/// The trust stores of a configuration, one per bundle file, shared by all workers.
class TrustStores {
public:
  /// Begins to read every bundle that the configuration needs, in the background.
  explicit TrustStores(const Config& config);
  /// Waits until they are read. Fault::invalid_config with the path of one that cannot be used.
  Result<void> await() const;

  std::shared_ptr<TrustStore> of(const UpstreamConfig& upstream) const;
  /// Reads the files again that have changed.
  void refresh() const;

private:
  std::vector<std::pair<std::string, std::shared_ptr<TrustStore>>> stores_;
};

/// The way to all configured upstreams, for one worker (or for one `tacet query`): what connections need, and the set
/// that is used like one upstream.
class Upstreams {
public:
  /// `events` hears of every connection made; loop, tasks, metrics, config and stores must outlive the object, and
  /// `tasks` must be cancelled before it is destroyed.
  struct Parts {
    Loop& loop;
    TaskGroup& tasks;
    Metrics& metrics;
    const Config& config;
    const TrustStores& trust;
    std::function<void(const UpstreamConfig&, const ConnectionFacts&)> on_established;
  };
  explicit Upstreams(const Parts& parts);
  ~Upstreams();

  UpstreamSet& set() { return *set_; }
  const UpstreamSet& set() const { return *set_; }
  /// Connections are not to be reused: the network changed or the machine slept.
  void network_changed();
  std::uint64_t plaintext_lookups() const { return bootstrap_.lookups(); }

private:
  SocketBudget budget_;
  Bootstrap bootstrap_;
  std::vector<std::unique_ptr<Service>> services_;
  std::unique_ptr<UpstreamSet> set_;
};

}  // namespace tacet
