#pragma once
#include <unistd.h>

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "daemon/server_certificates.hpp"
#include "daemon/upstreams.hpp"
#include "resolve/policy.hpp"
#include "resolve/rebind.hpp"
#include "resolve/validation/validation.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// The name of this machine, without its domain; "tacet" if the system does not tell.
inline std::string host_name() {
  std::array<char, 65> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "tacet";
  return name.data();
}

/// One configuration, and the objects made from it that all workers share. Its users hold it, and it never changes: a
/// reload makes another one.
struct Settings {
  /// Begins to read the trust stores that the former ones do not have, and reads such certificates of ours.
  explicit Settings(Config configured, const TrustStores& former = {},
                    const ServerCertificates& former_certificates = {},
                    std::shared_ptr<const ValidationRules> validation = std::make_shared<const ValidationRules>())
      : config(std::move(configured)),
        trust(config, former),
        certificates(config, former_certificates),
        nsid(config.nsid == "auto" ? host_name() : config.nsid),
        policy(config, nsid),
        rebind(config.rebind),
        dnssec(std::move(validation)) {}

  Config config;
  TrustStores trust;
  ServerCertificates certificates;
  std::string nsid;  ///< the name of this server; empty: it tells none
  Policy policy;
  RebindGuard rebind;
  std::shared_ptr<const ValidationRules> dnssec;  ///< never null
};

/// The settings in use. Any thread.
class CurrentSettings {
public:
  explicit CurrentSettings(std::shared_ptr<const Settings> settings) : settings_(std::move(settings)) {}

  std::shared_ptr<const Settings> get() const {
    const std::lock_guard lock(mutex_);
    return settings_;
  }
  void set(std::shared_ptr<const Settings> next) {
    const std::lock_guard lock(mutex_);
    settings_.swap(next);  // the lock goes before the former ones do
  }

private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Settings> settings_;
};

}  // namespace tacet
