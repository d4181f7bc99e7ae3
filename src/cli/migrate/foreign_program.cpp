#include "cli/migrate/foreign_program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/file_text.hpp"
#include "base/text_parts.hpp"
#include "cli/migrate/container.hpp"
#include "cli/migrate/shell_words.hpp"
#include "config/document.hpp"

namespace tacet {
namespace {

constexpr auto programs = std::to_array<ForeignProgram>({
    {"cloudflared", "config.yml, /etc/default/cloudflared, a systemd unit or a compose file", read_cloudflared,
     read_cloudflared_flags},
    {"dnscrypt-proxy", "dnscrypt-proxy.toml", read_dnscrypt_proxy},
    {"stubby", "stubby.yml", read_stubby},
    {"https-dns-proxy", "/etc/config/https-dns-proxy, a systemd unit or a compose file", read_https_dns_proxy,
     read_https_dns_proxy_flags},
    {"smartdns", "smartdns.conf", read_smartdns},
    {"dnsproxy", "AdGuard's config.yaml, a systemd unit or a compose file", read_dnsproxy, read_dnsproxy_flags},
    {"unbound-forward", "unbound.conf with a forward-zone", read_unbound},
});

bool is_program(std::string_view word, std::span<const std::string_view> names) {
  word = word.substr(word.rfind('/') + 1);
  word = word.substr(0, word.find_first_of(":@"));  // an image's version
  return std::ranges::find(names, word) != names.end();
}

/// The last ExecStart= of a unit, its lines joined; an empty one resets those before.
std::string exec_start(std::string_view text) {
  std::string command, line;
  for (const auto part : split(text, '\n')) {
    line += part;
    if (line.ends_with('\\')) {
      line.back() = ' ';
      continue;
    }
    if (line.starts_with("ExecStart=")) command = line.substr(10);
    line.clear();
  }
  return command;
}

Result<std::vector<std::string>> command_in(const std::vector<Container>& containers,
                                            std::span<const std::string_view> names) {
  std::vector<const Container*> running;
  for (const Container& container : containers)
    if (is_program(container.image, names) ||
        std::ranges::any_of(container.words, [&](const auto& word) { return is_program(word, names); }))
      running.push_back(&container);
  if (running.size() != 1)
    return fail(Fault::invalid_config,
                fmt::format("{} container in it runs {}", running.empty() ? "no" : "more than one", names.front()));
  const auto& all = running.front()->words;
  auto words = words_behind(all, names).value_or(all);
  if (words.empty())
    return fail(Fault::invalid_config,
                "the container has no flags in it: its settings are in a file or in variables of "
                "the image; give that file instead");
  return words;
}

}  // namespace

std::span<const ForeignProgram> foreign_programs() { return programs; }

Result<std::string> foreign_text(const std::string& path) {
  constexpr std::size_t largest = 1U << 20;
  auto text = file_text(path);
  if (text.empty()) return fail(Fault::invalid_config, fmt::format("{}: cannot be read, or is empty", path));
  if (text.size() > largest) return fail(Fault::invalid_config, fmt::format("{}: larger than 1 MiB", path));
  if (text.find('\0') != std::string::npos) return fail(Fault::invalid_config, fmt::format("{}: is no text", path));
  return text;
}

std::optional<std::vector<std::string>> words_behind(const std::vector<std::string>& words,
                                                     std::span<const std::string_view> names) {
  const auto program = std::ranges::find_if(words, [&](const auto& word) { return is_program(word, names); });
  if (program == words.end()) return std::nullopt;
  return std::vector<std::string>(program + 1, words.end());
}

bool describes_a_service(std::string_view text) {
  if (!exec_start(text).empty()) return true;
  const auto document = parse_document(text);
  return document && !containers_in(*document).empty();
}

Result<std::vector<std::string>> command_in(std::string_view text, std::span<const std::string_view> program_names) {
  if (const auto command = exec_start(text); !command.empty()) {
    const auto words = split_words(command);
    return words_behind(words, program_names).value_or(words);
  }
  const auto document = parse_document(text);
  return command_in(document ? containers_in(*document) : std::vector<Container>{}, program_names);
}

}  // namespace tacet
