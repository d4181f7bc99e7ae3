#include "cli/setup/old_resolver.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <ranges>

#include "base/text_parts.hpp"
#include "cli/migrate/foreign_program.hpp"
#include "cli/migrate/shell_words.hpp"
#include "cli/setup/command.hpp"

namespace tacet {
namespace {

/// How a program's command names its file, and the file that it reads otherwise; empty if its flags have it all.
struct ServiceProgram {
  std::string_view name;     ///< as --from has it
  std::string_view command;  ///< the file name of the program
  std::string_view option;
  std::string_view usual_file;
};
constexpr std::array<ServiceProgram, 8> service_programs{{
    {"cloudflared", "cloudflared", "--config", ""},
    {"dnscrypt-proxy", "dnscrypt-proxy", "-config", "/etc/dnscrypt-proxy/dnscrypt-proxy.toml"},
    {"stubby", "stubby", "-C", "/etc/stubby/stubby.yml"},
    {"https-dns-proxy", "https_dns_proxy", "", ""},
    {"https-dns-proxy", "https-dns-proxy", "", ""},
    {"smartdns", "smartdns", "-c", "/etc/smartdns/smartdns.conf"},
    {"dnsproxy", "dnsproxy", "--config-path", ""},
    {"unbound-forward", "unbound", "-c", "/etc/unbound/unbound.conf"},
}};

/// The values of a setting of a unit, in order.
std::vector<std::string> values_in(std::string_view unit, std::string_view setting) {
  std::vector<std::string> found;
  for (const auto line : split(unit, '\n'))
    if (line.starts_with(setting) && line.substr(setting.size()).starts_with('='))
      found.emplace_back(line.substr(setting.size() + 1));
  return found;
}

std::vector<std::string> command_of(std::string_view unit) {
  const auto commands = values_in(unit, "ExecStart");
  return commands.empty() ? std::vector<std::string>() : split_words(commands.back());
}

/// The program that a word of a command names, or null.
const ServiceProgram* program_named(const std::string& word) {
  const auto file = std::string_view(word).substr(word.rfind('/') + 1);
  const auto found = std::ranges::find(service_programs, file, &ServiceProgram::command);
  return found == service_programs.end() ? nullptr : &*found;
}

/// The program that a unit runs, perhaps through another such as sudo.
const ServiceProgram* program_of(std::string_view unit) {
  for (const auto& word : command_of(unit))
    if (const auto* program = program_named(word)) return program;
  return nullptr;
}

Result<std::string> unit_text(const std::string& unit) {
  return output_of({.words = {"systemctl", "cat", "--no-pager", unit}});
}

std::string socket_of(const std::string& service) { return service.substr(0, service.rfind(".service")) + ".socket"; }

/// The service, and its socket unit if there is one.
std::vector<std::string> units_of(const std::string& service) {
  std::vector<std::string> units{service};
  if (unit_text(socket_of(service))) units.push_back(socket_of(service));
  return units;
}

/// True for a unit that is no resolver, such as cloudflared's tunnel.
bool is_something_else(const ServiceProgram& program, const OldResolver& resolver) {
  return program.name == "unbound-forward" || (program.name == "cloudflared" && !migrated_service(resolver));
}

Result<std::vector<std::string>> running_services() {
  const auto list = output_of({.words = {"systemctl", "list-units", "--type=service",
                                         "--state=active,activating,failed", "--plain", "--no-legend", "--no-pager"}});
  if (!list) return fail(list.error());
  std::vector<std::string> names;
  for (const auto line : split(*list, '\n')) {
    const auto words = split_words(line);
    if (!words.empty() && words.front().ends_with(".service") && !words.front().starts_with("tacet"))
      names.push_back(words.front());
  }
  return names;
}

/// The file behind the option in a command; the usual one without it.
std::string file_of(const ServiceProgram& program, const std::vector<std::string>& command) {
  if (program.option.empty()) return {};
  for (std::size_t i = 0; i < command.size(); ++i) {
    if (command[i] == program.option && i + 1 < command.size()) return command[i + 1];
    if (command[i].starts_with(std::string(program.option) + "=")) return command[i].substr(program.option.size() + 1);
  }
  return std::string(program.usual_file);
}

/// The unit with the files of its environment behind it, which have the flags of Debian's packages.
std::string with_environment(std::string unit) {
  for (auto file : values_in(unit, "EnvironmentFile")) {
    if (file.starts_with('-')) file.erase(0, 1);
    if (const auto text = foreign_text(file)) unit += "\n" + *text;
  }
  return unit;
}

/// The addresses in a socket unit, as a `listen` line of ours; empty if it has none.
std::string listen_line(std::string_view socket_unit) {
  std::string line;
  for (const auto& address : values_in(socket_unit, "ListenDatagram"))
    if (!address.empty() && !address.starts_with('/'))
      line += fmt::format("{}\"{}\"", line.empty() ? "" : ", ", address);
  return line.empty() ? line : fmt::format("listen: [{}]", line);
}

std::string with_listen(const std::string& yaml, const std::string& line) {
  const auto begin = yaml.find("listen:");
  const auto start = begin == std::string::npos ? begin : yaml.rfind('\n', begin) + 1;
  return line.empty() || begin == std::string::npos
             ? yaml
             : yaml.substr(0, start) + line + yaml.substr(yaml.find('\n', begin));
}

}  // namespace

Result<std::vector<OldResolver>> old_resolvers(const std::string& unit) {
  Result<std::vector<std::string>> names = std::vector<std::string>{unit};
  if (unit.empty()) names = running_services();
  if (!names) return fail(names.error());
  std::vector<OldResolver> found;
  for (const auto& name : *names) {
    const auto text = unit_text(name);
    if (!text && !unit.empty()) return fail(Fault::system, fmt::format("systemd knows no unit {}", unit));
    const auto* program = text ? program_of(*text) : nullptr;
    if (!program) continue;
    OldResolver resolver{std::string(program->name), units_of(name)};
    if (unit.empty() && is_something_else(*program, resolver)) continue;
    found.push_back(std::move(resolver));
  }
  return found;
}

Result<MigratedConfig> migrated_service(const OldResolver& resolver) {
  const auto text = unit_text(resolver.units.front());
  if (!text) return fail(text.error());
  const auto* program = program_of(*text);
  if (!program) return fail(Fault::invalid_config, "its unit runs no program that tacet knows");
  const auto file = file_of(*program, command_of(*text));
  auto done = file.empty() ? migrated_text(resolver.program, resolver.units.front(), with_environment(*text))
                           : migrated(resolver.program, {file});
  if (!done || resolver.units.size() < 2) return done;
  if (const auto socket = unit_text(resolver.units.back())) done->yaml = with_listen(done->yaml, listen_line(*socket));
  return done;
}

std::string migrate_command(const std::vector<std::string>& words) {
  const auto named = std::ranges::find_if(words, [](const auto& word) { return program_named(word) != nullptr; });
  if (named == words.end()) return {};
  const auto* program = program_named(*named);
  const auto file = file_of(*program, words);
  const auto from = fmt::format("tacet migrate --from {}", program->name);
  if (!file.empty()) return fmt::format("{} {}", from, file);
  return fmt::format("{} {}", from, fmt::join(std::ranges::subrange(named + 1, words.end()), " "));
}

Result<MigratedConfig> migrated_containers(const std::string& path) {
  const auto text = foreign_text(path);
  if (!text) return fail(text.error());
  std::string reasons;
  for (const char* program : {"cloudflared", "dnsproxy", "https-dns-proxy"}) {
    auto done = migrated_text(program, path, *text);
    if (done && describes_a_service(*text)) return done;
    reasons += fmt::format("\n  {}: {}", program, done ? "it is no compose file" : done.error().detail);
  }
  return fail(Fault::invalid_config, fmt::format("{}: no container in it can be taken over:{}", path, reasons));
}

}  // namespace tacet
