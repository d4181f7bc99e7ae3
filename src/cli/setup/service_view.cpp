#include "cli/setup/service_view.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <variant>

#include "config/scalar.hpp"
#include "system/account.hpp"
#include "system/path_chain.hpp"

namespace tacet {
namespace {

constexpr const char* service_user = "_tacet";
constexpr const char* service_group = "tacet";
/// A user ID that systemd gives to services (DynamicUser=): it owns no file.
constexpr uid_t number_of_nobody_known = 65519;

/// A path that the unit hides from the service, and the line that hides it.
struct HiddenPath {
  std::string_view directory;
  std::string_view line;
};
constexpr std::array hidden_places{HiddenPath{"/home", "ProtectHome=yes"}, HiddenPath{"/root", "ProtectHome=yes"},
                                   HiddenPath{"/run/user", "ProtectHome=yes"}, HiddenPath{"/tmp", "PrivateTmp=yes"},
                                   HiddenPath{"/var/tmp", "PrivateTmp=yes"}};

/// A file that the configuration names.
struct NamedFile {
  std::string key;
  std::string path;
  bool must_be_there = false;
};

std::vector<NamedFile> files_of(const Config& config) {
  std::vector<NamedFile> files;
  const auto add = [&](std::string key, const std::string& path, bool must_be_there) {
    if (!path.empty()) files.push_back({std::move(key), path, must_be_there});
  };
  for (std::size_t at = 0; at < config.upstreams.size(); ++at)
    add(fmt::format("upstreams[{}].ca_file", at), config.upstreams[at].ca_file, true);
  for (const ForwardZone& zone : config.forward)
    for (std::size_t at = 0; at < zone.servers.size(); ++at)
      if (const auto* upstream = std::get_if<UpstreamConfig>(&zone.servers[at]))
        add(fmt::format("forward.{}[{}].ca_file", zone.zone, at), upstream->ca_file, true);
  for (std::size_t at = 0; at < config.dnssec.trust_anchors.size(); ++at)
    if (const std::string& anchor = config.dnssec.trust_anchors[at]; anchor.starts_with('/'))
      add(fmt::format("dnssec.trust_anchors[{}]", at), anchor, true);
  add("hosts.file", config.hosts.file, false);
  add("https.certificate", config.https.certificate, true);
  add("https.key", config.https.key, true);
  add("tls.certificate", config.tls.certificate, true);
  add("tls.key", config.tls.key, true);
  return files;
}

bool lies_in(const std::filesystem::path& path, std::string_view directory) {
  const auto relative = path.lexically_normal().lexically_relative(directory);
  return !relative.empty() && *relative.begin() != "..";
}

/// The first hidden path that leads to a file, over all its links.
const HiddenPath* hidden_on_the_way(const std::string& path) {
  for (const PathStep& step : chain_of(std::filesystem::absolute(path).string()))
    for (const HiddenPath& place : hidden_places)
      if (lies_in(std::filesystem::path(step.directory) / step.name, place.directory)) return &place;
  return nullptr;
}

/// The service's user. If the group is missing (the package makes it), the user is in a group that owns nothing.
Account account_of_service() {
  const group* entry = ::getgrnam(service_group);
  return {service_user, number_of_nobody_known, entry != nullptr ? entry->gr_gid : number_of_nobody_known};
}

bool is_readable(const std::string& path) { return !out_of_reach(account_of_service(), {{path, R_OK}}); }

/// The reason why the service cannot use a file; nothing if it can.
std::optional<std::string> obstacle(const NamedFile& file) {
  if (const HiddenPath* place = hidden_on_the_way(file.path)) {
    return fmt::format("the service does not see {}, because its unit hides {} ({}): put the file below /etc/tacet",
                       quotation(file.path), place->directory, place->line);
  }
  std::error_code failed;
  if (file.must_be_there && !std::filesystem::exists(file.path, failed) && !failed)
    return fmt::format("there is no {}: put the file there, or name another", quotation(file.path));
  if (is_readable(file.path)) return std::nullopt;
  return fmt::format(
      "the service may not read {}, because it is not root: put the file below /etc/tacet, and let group {} read it "
      "(chgrp {} FILE, chmod 0640 FILE)",
      quotation(file.path), service_group, service_group);
}

/// The directories that the service may write to (LogsDirectory=, RuntimeDirectory=).
bool is_writable(const std::string& path) { return lies_in(path, "/var/log/tacet") || lies_in(path, "/run/tacet"); }

void judge_acts(const Config& config, const std::string& file, std::vector<ConfigFault>& faults) {
  if (config.query_log.to.starts_with('/') && !is_writable(config.query_log.to)) {
    faults.push_back({file,
                      {},
                      "query_log.to",
                      fmt::format("the service may not write {}: its unit lets it write in /var/log/tacet, such as "
                                  "/var/log/tacet/queries.log",
                                  quotation(config.query_log.to))});
  }
  if (!config.user.empty() && config.user != service_user) {
    faults.push_back({file,
                      {},
                      "user",
                      fmt::format("the service is not root, and cannot become {}: remove `user`, because the unit "
                                  "gives it a user of its own",
                                  quotation(config.user))});
  }
}

std::vector<std::string> warnings_of(const Config& config, const std::string& file) {
  std::vector<std::string> warnings;
  const ControlConfig& control = config.control;
  if (!control.group.empty() && control.group != service_group) {
    warnings.push_back(fmt::format(
        "control.group: the service is only in group {}, and without the other there is no control socket: remove the "
        "key and put people into group {}, or add the group to the unit (systemctl edit tacet: [Service] "
        "SupplementaryGroups={})",
        service_group, service_group, control.group));
  }
  if (!control.socket.empty() && !is_writable(control.socket)) {
    warnings.push_back(fmt::format("control.socket: the service may not make {}: its unit lets it write in /run/tacet",
                                   quotation(control.socket)));
  }
  if (::geteuid() != 0)
    warnings.emplace_back("only root can look at files as the service's user: use sudo to have their modes judged");
  else if (!is_readable(file))
    warnings.push_back(fmt::format("the service may not read {} where it is now: let group {} read it", quotation(file),
                                   service_group));
  return warnings;
}

}  // namespace

ServiceView as_the_service(const Config& config, const std::string& file) {
  ServiceView view;
  for (const NamedFile& named : files_of(config))
    if (auto why = obstacle(named)) view.faults.push_back({file, {}, named.key, *std::move(why)});
  judge_acts(config, file, view.faults);
  view.warnings = warnings_of(config, file);
  return view;
}

}  // namespace tacet
