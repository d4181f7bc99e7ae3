#pragma once
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/loop.hpp"
#include "base/task_group.hpp"
#include "observe/metrics.hpp"
#include "pool/pool.hpp"
#include "report/upstream_report.hpp"
#include "resolve/routes.hpp"
#include "tacet/config.hpp"
#include "tacet/open_file.hpp"
#include "transport/dial/bootstrap.hpp"
#include "transport/dial/connector.hpp"
#include "transport/tls/tls.hpp"
#include "transport/upstream_server.hpp"

namespace tacet {

/// The trust stores of a configuration, one per bundle file, shared by all workers.
class TrustStores {
public:
  TrustStores() : TrustStores(OpenFile(open_file)) {}
  /// None yet; `open` will open their files.
  explicit TrustStores(OpenFile open) : open_(std::move(open)) {}
  /// Begins to read every bundle that the configuration needs, in the background, but for those that `former` has;
  /// opens them as that did.
  explicit TrustStores(const Config& config, const TrustStores& former = {});
  /// Waits until they are read. Fault::invalid_config with the path of one that cannot be used.
  Result<void> await() const;

  std::shared_ptr<TrustStore> of(const UpstreamConfig& upstream) const;
  /// Reads the files again that have changed.
  void refresh() const;
  /// That they are read from.
  std::vector<std::string> files() const;

private:
  std::shared_ptr<TrustStore> find(const std::string& file) const;
  OpenFile open_;
  std::vector<std::pair<std::string, std::shared_ptr<TrustStore>>> stores_;
};

/// The way to all configured upstreams, for one worker (or for one `tacet query`): what connections need, and the set
/// that is used like one upstream; beside it one more set for each zone of the local network, with a socket budget of
/// its own, so that a dead one takes nothing from the others.
class Upstreams {
public:
  /// `on_established` hears of every connection made; loop and metrics must outlive the object. Whoever uses a set must
  /// have stopped before it is destroyed.
  struct Parts {
    Loop& loop;
    Metrics& metrics;
    std::function<void(const UpstreamConfig&, const ConnectionFacts&)> on_established;
  };
  Upstreams(Parts parts, const Config& config, const TrustStores& trust);
  ~Upstreams();

  struct UpstreamGroup;
  /// What use() needs memory for: made first, so that nothing of it can fail half-way.
  struct Change {
    std::vector<SocketAddress> bootstrap;
    std::vector<std::shared_ptr<UpstreamGroup>> groups;

    /// As those below, once it is used.
    std::shared_ptr<Pool> set_for_others() const;
    std::vector<ZoneRoute> zones() const;
  };
  /// The way as this configuration says. A set whose upstreams stay the same stays, with its connections.
  Change prepare(const Config& config, const TrustStores& trust);
  /// Goes by what was prepared last from now on. A set that is replaced lives on until nobody holds it and its last
  /// exchange has ended.
  void use(Change change);

  Pool& set() { return *set_for_others(); }
  /// set(), for who may still use it when it is replaced.
  std::shared_ptr<Pool> set_for_others() const;
  /// The set that answers for `name`: a zone's, or set().
  Pool& set_for(const Name& name);
  std::vector<ZoneRoute> zones() const;
  std::vector<ZoneReport> zone_reports() const;
  /// Connections are not to be reused: the network changed or the machine slept.
  void network_changed();
  std::uint64_t plaintext_lookups() const { return bootstrap_.lookups(); }

private:
  std::shared_ptr<UpstreamGroup> make_group(const std::string& zone, std::vector<ZoneServer> servers,
                                            const TrustStores& trust);
  std::unique_ptr<UpstreamServer> make_server(const UpstreamConfig& config, UpstreamGroup& group,
                                              const TrustStores& trust);
  void sweep();

  Parts parts_;
  Bootstrap bootstrap_;
  std::vector<std::shared_ptr<UpstreamGroup>> groups_;  // for all other names, then for each zone in configured order
  std::vector<std::shared_ptr<UpstreamGroup>> retired_;
  Alarm sweep_;
};

}  // namespace tacet
