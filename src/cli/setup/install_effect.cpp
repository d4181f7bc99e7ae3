#include "cli/setup/install_effect.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "cli/setup/probe.hpp"

namespace tacet {
namespace {

constexpr auto pause = std::chrono::milliseconds(100);
constexpr int looks = 50;          // at resolv.conf and at the links: five seconds
constexpr int names = 4;           // that have to arrive
constexpr unsigned patience = 30;  // seconds until it ends a process that gets no answers

/// Asks for each name as programs do, in a process that has read no nsswitch.conf and no resolv.conf yet. Ignores the
/// answers. Faults: system.
Result<void> ask_as_programs_do(const std::vector<std::string>& asked) {
  const pid_t child = ::fork();
  if (child < 0) return fail(Fault::system, fmt::format("fork: {}", std::strerror(errno)));
  if (child == 0) {
    ::alarm(patience);
    for (const auto& name : asked) {
      addrinfo hints{};
      hints.ai_family = AF_INET;
      hints.ai_socktype = SOCK_DGRAM;
      addrinfo* found = nullptr;
      if (::getaddrinfo(name.c_str(), nullptr, &hints, &found) == 0) ::freeaddrinfo(found);
    }
    ::_exit(0);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return {};
}

/// Names that tacet answers by itself. If tacet does not count those apart, names below a public name: every other
/// cache must ask for them, too.
std::vector<std::string> fresh_names(std::string_view below) {
  std::vector<std::string> all;
  for (int i = 0; i < names; ++i) {
    auto name = fresh_name();
    name.replace(name.find('.'), std::string::npos, below);
    all.push_back(std::move(name));
  }
  return all;
}

/// A lower limit of the names that arrived.
std::uint64_t arrived(const QueryCount& before, const QueryCount& after, bool are_local) {
  return are_local ? after.local - before.local : after.taken - before.taken;
}

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
  return await_names();
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
  return fail(
      Fault::refused,
      fmt::format("systemd-resolved would go on asking {} for any name, in the clear beside {} (see `resolvectl "
                  "dns` and `resolvectl domain`: a link whose domain is ~. asks its own servers)",
                  fmt::join(others, ", "), server_));
}

Result<void> InstallEffect::await_names() const {
  const auto start = query_count(socket_);
  if (!start) return fail(start.error());
  for (const std::string_view below : {".test.", ".example.com."}) {
    const bool are_local = below == ".test." && !start->forwards_test;
    const auto before = query_count(socket_);
    if (auto done = ask_as_programs_do(fresh_names(below)); !done) return done;
    const auto after = query_count(socket_);
    if (!before || !after) return fail((before ? after : before).error());
    if (arrived(*before, *after, are_local) >= names) return {};
  }
  return fail(Fault::refused,
              fmt::format("names that programs ask for do not arrive at tacet ({}): see the line `hosts` of "
                          "/etc/nsswitch.conf, and find the program that answers them",
                          server_));
}

std::vector<std::string> InstallEffect::claimed_elsewhere() const {
  const auto now = resolved_scopes();
  return now ? domains_of_links(*now, server_) : std::vector<std::string>();
}

}  // namespace tacet
