#include <fmt/format.h>

#include <chrono>
#include <ostream>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "cli/command_line.hpp"
#include "cli/setup/service_view.hpp"
#include "cli/verbs.hpp"
#include "config/address.hpp"
#include "config/forms/dnssec_forms.hpp"
#include "config/load.hpp"
#include "config/print.hpp"
#include "config/void_keys.hpp"
#include "listen/bind.hpp"

namespace tacet {

namespace {

void warn_of_addresses(const Config& config, std::ostream& err) {
  for (const SocketAddress& address : config.listen)
    if (!address.is_default && !is_present(address))
      err << "warning: listen: this machine has no " << to_string(address) << " now: it is served when it is there\n";
  if (const auto remark = left_out(config.listen)) err << "warning: " << *remark << '\n';
}

int report(const std::vector<ConfigFault>& faults, std::ostream& err) {
  for (const ConfigFault& fault : faults) err << to_string(fault) << '\n';
  return 1;
}

/// Without a file, the built-in configuration.
std::expected<Config, std::vector<ConfigFault>> checked(const std::string& path, std::ostream& err) {
  if (!path.empty()) return load_config(path);
  err << "tacet: this is the built-in configuration, because " << service_config_file << " does not exist\n";
  return Config::defaults();
}

}  // namespace

int run_check(std::string path, CheckedAs checked_as, std::ostream& out, std::ostream& err) {
  if (path.empty() && checked_as == CheckedAs::service) path = service_config_file;
  const auto config = checked(path, err);
  if (!config) return report(config.error(), err);
  if (checked_as == CheckedAs::service) {
    const ServiceView view = as_the_service(*config, path);
    for (const std::string& warning : view.warnings) err << "warning: " << warning << '\n';
    if (!view.faults.empty()) return report(view.faults, err);
  }
  out << to_yaml(*config);
  warn_of_addresses(*config, err);
  for (const std::string& remark : remarks(*config)) err << "warning: " << remark << '\n';
  const auto today = std::chrono::floor<std::chrono::days>(SystemClock().wall_time());
  for (const std::string& remark : lapsed_remarks(config->dnssec, today)) err << "warning: " << remark << '\n';
  return 0;
}

}  // namespace tacet
