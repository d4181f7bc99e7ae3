#include "cli/setup/stray_resolver.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/file_text.hpp"
#include "base/text_parts.hpp"
#include "cli/setup/command.hpp"
#include "cli/setup/old_resolver.hpp"
#include "config/scalar.hpp"
#include "listen/bind.hpp"

namespace tacet {
namespace {

namespace fs = std::filesystem;

/// What starts a program, and starts it again when it ends; and the command that stops it for good.
struct Starter {
  std::string name;
  std::string stop;
};

std::string file_of(pid_t process, std::string_view name) {
  return file_text(fmt::format("/proc/{}/{}", process, name));
}

std::string program_of(pid_t process) {
  auto name = file_of(process, "comm");
  return name.substr(0, name.find('\n'));
}

std::vector<std::string> words_of(pid_t process) {
  std::vector<std::string> words;
  const auto all = file_of(process, "cmdline");
  for (const auto word : split(all, '\0'))
    if (!word.empty()) words.emplace_back(word);
  return words;
}

/// 0 for a process that has ended.
pid_t parent_of(pid_t process) {
  constexpr std::string_view field = "\nPPid:\t";
  const auto status = file_of(process, "status");
  const auto at = status.find(field);
  if (at == std::string::npos) return 0;
  const auto begin = at + field.size();
  return static_cast<pid_t>(parse_number(status.substr(begin, status.find('\n', begin) - begin)).value_or(0));
}

/// The service of systemd whose control group a process is in; empty for one of a person's session.
std::string service_of(pid_t process) {
  const auto groups = file_of(process, "cgroup");
  for (const auto line : split(groups, '\n')) {
    const auto unit = line.substr(line.rfind('/') + 1);
    if (line.contains(":/system.slice/") && unit.ends_with(".service")) return std::string(unit);
  }
  return {};
}

/// Of a supervisor that has one folder for each program, in which it runs.
std::string folder_of(pid_t process) {
  std::error_code error;
  return fs::read_symlink(fmt::format("/proc/{}/cwd", process), error).string();
}

/// What a process is, if it is one that starts others.
std::optional<Starter> as_starter(pid_t process, pid_t started) {
  const auto name = program_of(process);
  if (name == "runsv") return Starter{"runit", "sv down " + folder_of(process)};
  if (name == "s6-supervise") return Starter{"s6", "s6-svc -d " + folder_of(process)};
  if (name == "supervise") return Starter{"daemontools", "svc -d " + folder_of(process)};
  if (name == "supervisord")
    return Starter{"supervisor",
                   fmt::format("supervisorctl stop NAME  # `supervisorctl status` has it beside pid {}", started)};
  if (name == "docker-proxy" || name.starts_with("containerd-shim"))
    return Starter{"Docker", "docker stop NAME  # `docker ps` shows it; for a compose file: tacet takeover FILE"};
  if (name == "conmon") return Starter{"Podman", "podman stop NAME  # `podman ps` shows it"};
  return {};
}

/// The nearest one above a process.
Starter starter_of(pid_t process) {
  pid_t started = process;
  for (pid_t each = process; each > 1; each = parent_of(each)) {
    if (auto found = as_starter(each, started)) return *std::move(found);
    started = each;
  }
  if (const auto service = service_of(process); !service.empty())
    return {service + " of systemd", fmt::format("systemctl disable --now {}", service)};
  return {{}, fmt::format("kill {}  # and take it out of what starts it at boot, if anything does", process)};
}

std::string steps(const PortHolder& holder, const SocketAddress& address, const std::string& config) {
  const auto translation = migrate_command(words_of(holder.process));
  const auto written = translation.empty() ? fmt::format("Write your upstreams into {}", config)
                                           : fmt::format("Write its settings: {} >{}", translation, config);
  const auto started = has_systemd() ? "systemctl enable tacet.service && systemctl restart tacet.service"
                                     : fmt::format("tacet run --config {}  # from what starts programs here", config);
  return fmt::format(
      "\n1. {}\n2. Try them: tacet check --config {}\n3. Stop it: {}\n4. Start tacet: {}\n5. Ask it: dig @{} -p {} "
      "example.com",
      written, config, starter_of(holder.process).stop, started, address.address.to_string(), address.port);
}

}  // namespace

std::string advice_on_stray_resolver(const SocketAddress& address, const std::string& config) {
  const auto at = to_string(address);
  const auto holder = port_holder(address, SOCK_DGRAM);
  if (!holder) return fmt::format("No program that can be seen here has {}", at);
  if (holder->program == "tacet")
    return fmt::format("tacet (pid {}) has {} already. If a takeover was cut short, name the old service with --unit",
                       holder->process, at);
  const auto starter = starter_of(holder->process);
  return fmt::format(
      "{} has {} (pid {}{}). tacet leaves it alone, and nothing was changed. To put tacet in its place:{}",
      holder->program, at, holder->process, starter.name.empty() ? ", started by hand" : ", started by " + starter.name,
      steps(*holder, address, config));
}

}  // namespace tacet
