#include "system/confinement.hpp"

#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/log.hpp"
#include "config/url.hpp"

namespace tacet {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool instrumented = true;
#elif defined(__has_feature)
constexpr bool instrumented = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool instrumented = false;
#endif

/// The files that the libraries read at times: OpenSSL's configuration and providers, the C library's locales, time
/// zones and modules, and the kernel's own reports. In /etc only single files.
constexpr std::array system_places{
    "/usr",      "/lib",         "/lib64",        "/etc/ssl/openssl.cnf", "/proc", "/sys/devices/system/cpu",
    "/dev/null", "/dev/urandom", "/etc/localtime"};

std::string directory_of(const std::string& file) { return std::filesystem::path(file).parent_path().string(); }

/// The directory of a written file, and the directory that the file links to. A missing directory is left out: the next
/// one above holds others' files.
void add_written(const std::string& file, std::vector<std::string>& places) {
  std::error_code failed;
  const auto whole = std::filesystem::absolute(file, failed);
  if (file.empty() || failed) return;
  places.push_back(whole.parent_path().string());
  const auto real = std::filesystem::canonical(file, failed);
  if (!failed && real.string() != file) places.push_back(directory_of(real.string()));
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && value[0] == '/' ? value : "";
}

void tidy(std::vector<std::string>& places) {
  std::ranges::sort(places);
  const auto repeated = std::ranges::unique(places);
  places.erase(repeated.begin(), repeated.end());
  std::error_code ignored;
  std::erase_if(places, [&](const auto& place) { return !std::filesystem::exists(place, ignored); });
}

/// Logs which restrictions are wanted and do not hold.
void report(const Confinement& confinement) {
  const std::array<std::pair<std::string_view, const Restriction&>, 4> means{
      {{"no_new_privs", confinement.no_new_privs},
       {"capabilities", confinement.capabilities},
       {"seccomp", confinement.seccomp},
       {"landlock", confinement.landlock}}};
  std::vector<std::string> lacking;
  for (const auto& [name, restraint] : means)
    if (!restraint.on) lacking.push_back(fmt::format("{} ({})", name, restraint.detail));
  if (!lacking.empty()) log::info("confined, but without {}", fmt::join(lacking, ", "));
}

}  // namespace

Reach reach_of(const Config& config) {
  Reach reach{{system_places.begin(), system_places.end()}, {}};
  for (const char* of_openssl : {"OPENSSL_CONF", "OPENSSL_MODULES"})
    if (auto place = variable(of_openssl); !place.empty()) reach.readable.push_back(std::move(place));
  add_written(config.control.socket, reach.writable);
  if (config.query_log.to.starts_with('/')) add_written(config.query_log.to, reach.writable);
  tidy(reach.readable);
  tidy(reach.writable);
  return reach;
}

std::vector<Need> needs_of(const Config& config, const std::string& file) {
  std::vector<Need> needs;
  for (const UpstreamConfig& upstream : encrypted_servers(config))
    if (!upstream.ca_file.empty()) needs.push_back({upstream.ca_file, R_OK});
  for (const std::string& read : {file, config.hosts.file})
    if (!read.empty()) needs.push_back({read, R_OK});
  for (const std::string& anchor : config.dnssec.trust_anchors)
    if (anchor.starts_with('/')) needs.push_back({anchor, R_OK});
  for (const TlsListenConfig* listener : {&config.https, &config.tls})
    for (const std::string& read : {listener->certificate, listener->key})
      if (!listener->listen.empty()) needs.push_back({read, R_OK});
  if (config.query_log.to.starts_with('/')) {
    needs.push_back({directory_of(config.query_log.to), W_OK | X_OK});
    needs.push_back({config.query_log.to, W_OK});
  }
  if (auto manager = variable("NOTIFY_SOCKET"); !manager.empty()) needs.push_back({std::move(manager), W_OK});
  return needs;
}

bool has_sanitizer() { return instrumented; }

bool is_confined(const Config& config) { return config.confine && !instrumented && has_confinement(); }

Confinement confine(const Config& config, const Reach& reach) {
  const Restriction by_sanitizer{false, "this build has a sanitizer"}, by_key{false, "configured by `confine: false`"};
  Confinement confinement{.user = ::geteuid() == 0 ? "root" : std::to_string(::geteuid())};
  if (instrumented || !config.confine) {
    const Restriction& off = config.confine ? by_sanitizer : by_key;
    return {confinement.user, off, off, off, off};
  }
  confinement.no_new_privs = forbid_new_privileges();
  confinement.capabilities = drop_capabilities(KeptPrivileges::none);
  confinement.landlock = restrict_files(reach);
  confinement.seccomp = restrict_system_calls();
  report(confinement);
  return confinement;
}

}  // namespace tacet
