#include "cli/setup/install_effect.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>

#include "cli/setup/link_advice.hpp"
#include "cli/setup/own_names.hpp"

namespace tacet {
namespace {

constexpr auto pause = std::chrono::milliseconds(100);
constexpr int looks = 50;  // at resolv.conf and at the links: five seconds
constexpr std::chrono::seconds names_patience(30);

bool all_links_are_back(const std::vector<ResolvedScope>& before, const std::vector<ResolvedScope>& now) {
  return std::ranges::all_of(before, [&](const ResolvedScope& scope) {
    const auto same = std::ranges::find(now, scope.link, &ResolvedScope::link);
    return scope.link.empty() || scope.servers.empty() || (same != now.end() && !same->servers.empty());
  });
}

}  // namespace

InstallEffect::InstallEffect(std::string server, std::string socket)
    : server_(std::move(server)),
      socket_(std::move(socket)),
      before_(resolved_scopes().value_or(std::vector<ResolvedScope>())) {}

Result<void> InstallEffect::await(const std::vector<DnsManager>& managers) const {
  if (auto done = await_resolv_conf(managers.front()); !done) return done;
  if (auto done = await_links(); !done) return done;
  return names_arrive(server_, socket_, names_patience);
}

/// Waits, because the manager may take a moment to write. If another program writes the file as well, this fails.
Result<void> InstallEffect::await_resolv_conf(DnsManager writer) const {
  const std::vector<std::string> wanted{writer == DnsManager::resolved ? "127.0.0.53" : server_};
  std::vector<std::string> servers;
  for (int i = 0; i < looks; ++i) {
    std::error_code nowhere;  // a link that leads nowhere reads as absent
    const auto file = read_image(std::filesystem::weakly_canonical("/etc/resolv.conf", nowhere));
    if (!file) return fail(file.error());
    servers = nameservers(file->content);
    if (servers == wanted) return {};
    std::this_thread::sleep_for(pause);
  }
  return fail(Fault::system,
              fmt::format("/etc/resolv.conf names {} and not {}: {} does not write it, or somebody else does",
                          servers.empty() ? "nobody" : fmt::format("{}", fmt::join(servers, ", ")), wanted.front(),
                          to_string(writer)));
}

/// Waits until other programs have told the restarted resolved its links' servers again, and judges those.
Result<void> InstallEffect::await_links() const {
  auto now = resolved_scopes();
  for (int i = 0; i < looks && now && !all_links_are_back(before_, *now); ++i) {
    std::this_thread::sleep_for(pause);
    now = resolved_scopes();
  }
  if (!now) return {};  // resolved does not run, or resolvectl is missing
  const auto others = other_servers(*now, server_);
  if (others.empty()) return {};
  const auto advice = advice_on_links(*now, server_);
  return fail(
      Fault::refused,
      fmt::format("systemd-resolved would go on asking {} for any name, in the clear beside {} (see `resolvectl "
                  "dns` and `resolvectl domain`: a link whose domain is ~. asks its own servers){}",
                  fmt::join(others, ", "), server_, advice.empty() ? "" : fmt::format(". To end this: {}", advice)));
}

std::vector<std::string> InstallEffect::claimed_elsewhere() const {
  const auto now = resolved_scopes();
  return now ? domains_of_links(*now, server_) : std::vector<std::string>();
}

}  // namespace tacet
