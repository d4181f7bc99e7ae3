#include "cli/migrate/cloudflared.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"
#include "cli/migrate/container.hpp"
#include "cli/migrate/shell_words.hpp"
#include "config/document.hpp"
#include "config/scalar.hpp"

namespace tacet {
namespace {

constexpr std::string_view prefix = "proxy-dns-";
/// The flags with a value. Any other flag counts as one without; most have none.
constexpr std::array<std::string_view, 10> with_value{
    "port",    "address",  "upstream", "bootstrap", "max-upstream-conns",
    "metrics", "loglevel", "logfile",  "config",    "pidfile"};
/// The flags that only cloudflared's resolver has.
constexpr std::array<std::string_view, 5> names_of_dns{"port", "address", "upstream", "bootstrap",
                                                       "max-upstream-conns"};
/// cloudflared splits these at commas.
constexpr std::array<std::string_view, 2> lists{"upstream", "bootstrap"};

bool among(std::string_view word, auto words) { return std::ranges::find(words, word) != words.end(); }

std::string plain_name(std::string_view name) {
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  return std::string(name);
}

void add(std::string_view name, std::string_view value, CloudflaredSettings& out) {
  const auto plain = plain_name(name);
  while (among(plain, lists)) {
    const auto comma = value.find(',');
    if (comma == std::string_view::npos) break;
    out.push_back({plain, std::string(value.substr(0, comma))});
    value.remove_prefix(comma + 1);
  }
  out.push_back({plain, std::string(value)});
}

bool is_flag(std::string_view word) { return word.size() > 1 && word.front() == '-'; }

bool is_verb(std::string_view word) {
  const auto file = word.substr(word.rfind('/') + 1);
  return among(file, std::array<std::string_view, 4>{"cloudflared", "proxy-dns", "tunnel", "run"});
}

std::string without_quotes(std::string_view value) {
  const auto words = split_words(value);
  return words.empty() ? std::string() : words.front();
}

/// The settings of a config.yml; the resolver's all begin with "proxy-dns".
CloudflaredSettings from_mapping(const Node& root) {
  CloudflaredSettings out;
  for (std::size_t i = 0; i + 1 < root.children.size(); i += 2) {
    const auto& value = root.children[i + 1];
    // Without the prefix the setting belongs to another program. Keep its name, which is no flag.
    const auto& key = root.children[i].text;
    const auto name =
        key.starts_with("proxy-dns") || !among(key, names_of_dns) ? key : key + " (not proxy-dns-" + key + ")";
    if (value.kind != NodeKind::list) {
      add(name, value.text, out);
      continue;
    }
    for (const auto& item : value.children) add(name, item.text, out);
  }
  return out;
}

/// "TUNNEL_DNS_MAX_UPSTREAM_CONNS" is the variable of --max-upstream-conns.
std::optional<std::string> flag_of_variable(std::string_view name) {
  constexpr std::string_view start = "TUNNEL_DNS_";
  if (!name.starts_with(start)) return {};
  std::string flag = lower_case(name.substr(start.size()));
  std::ranges::replace(flag, '_', '-');
  return flag;
}

/// Lines without comments and indentation. Joins a line that ends in a backslash with the next.
std::vector<std::string> logical_lines(std::string_view text) {
  std::vector<std::string> lines;
  bool goes_on = false;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
    if (!goes_on && (line.starts_with('#') || line.starts_with(';'))) continue;
    const bool more = line.ends_with('\\');
    if (more) line.remove_suffix(1);
    if (!goes_on) lines.emplace_back();
    lines.back() += line;
    if (more) lines.back() += ' ';
    goes_on = more;
  }
  return lines;
}

/// The words behind the program's name; nothing for another program.
std::optional<std::vector<std::string>> behind_program(const std::vector<std::string>& words) {
  const auto is_program = [](std::string_view word) {
    word = word.substr(word.rfind('/') + 1);
    word = word.substr(0, word.find_first_of(":@"));  // cut off an image's version
    return word == "cloudflared";
  };
  const auto program = std::ranges::find_if(words, is_program);
  if (program == words.end()) return std::nullopt;
  return std::vector<std::string>(program + 1, words.end());
}

/// True if the settings of a file belong to cloudflared's resolver, and not to another part of it.
bool speaks_of_dns(const CloudflaredSettings& settings) {
  return std::ranges::any_of(settings, [&](const CloudflaredSetting& setting) {
    return among(setting.name, names_of_dns) || (setting.name == "proxy-dns" && setting.value != "false");
  });
}

/// The settings in a command line; the verb is one, too.
Result<CloudflaredSettings> from_command(const std::vector<std::string>& words) {
  auto settings = read_cloudflared_flags(words);
  if (settings && among("proxy-dns", words)) settings->insert(settings->begin(), {"proxy-dns", ""});
  return settings;
}

Result<void> read_line(std::string_view line, CloudflaredSettings& out) {
  if (line.starts_with("export ")) line.remove_prefix(7);
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return {};
  const auto name = line.substr(0, equals);
  const auto value = line.substr(equals + 1);
  if (const auto flag = flag_of_variable(name)) {
    add(*flag, without_quotes(value), out);
  } else if (name == "Environment") {
    for (const auto& word : split_words(value)) {
      if (const auto done = read_line(word, out); !done) return done;
    }
  } else if (name == "ExecStart" || name == "CLOUDFLARED_OPTS") {
    std::optional words = split_words(value);
    if (words->size() == 1) words = split_words(words->front());  // quotes enclosed the whole line
    if (name == "ExecStart") words = behind_program(*words);
    if (!words) return {};
    auto flags = from_command(*words);
    if (!flags) return fail(flags.error());
    out.insert(out.end(), flags->begin(), flags->end());
  }
  return {};
}

Result<CloudflaredSettings> from_container(const Container& container) {
  CloudflaredSettings out;
  for (const auto& [name, value] : container.variables)
    if (const auto flag = flag_of_variable(name)) add(*flag, value, out);
  // An image's entrypoint is its program, so the words may begin behind the program's name.
  auto flags = from_command(behind_program(container.words).value_or(container.words));
  if (!flags) return fail(flags.error());
  out.insert(out.end(), flags->begin(), flags->end());
  std::string port = "53";
  for (const auto& setting : out)
    if (setting.name == "port") port = setting.value;
  for (const auto& [address, number] : published(container, port)) {
    out.push_back({"address", address});
    out.push_back({"port", number});
    break;  // UDP and TCP are published separately, at the same address
  }
  return out;
}

/// The one container of a document that runs cloudflared's resolver.
Result<CloudflaredSettings> from_containers(const std::vector<Container>& containers) {
  std::vector<const Container*> resolvers;
  for (const Container& container : containers) {
    const bool by_words = among("proxy-dns", container.words);
    const bool by_variables = std::ranges::any_of(
        container.variables, [](const auto& variable) { return flag_of_variable(variable.first).has_value(); });
    if (by_words || by_variables) resolvers.push_back(&container);
  }
  if (resolvers.size() == 1) return from_container(*resolvers.front());
  return fail(Fault::invalid_config,
              resolvers.empty()
                  ? "no container in it runs `cloudflared proxy-dns`, by its command or by variables "
                    "TUNNEL_DNS_...: give the flags themselves: tacet migrate --from cloudflared --port 5053 …"
                  : "more than one container in it runs `cloudflared proxy-dns`: leave one, or give the "
                    "flags themselves: tacet migrate --from cloudflared --port 5053 …");
}

Result<CloudflaredSettings> from_lines(std::string_view text) {
  CloudflaredSettings out;
  for (const auto& line : logical_lines(text)) {
    if (const auto done = read_line(line, out); !done) return fail(done.error());
  }
  return out;
}

Result<CloudflaredSettings> from_document(const Node& document) {
  auto containers = containers_in(document);
  return containers.empty() ? from_mapping(document) : from_containers(containers);
}

}  // namespace

Result<CloudflaredSettings> read_cloudflared_flags(const std::vector<std::string>& words) {
  CloudflaredSettings out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (!is_flag(word)) {
      if (is_verb(word) || word.starts_with('$')) continue;
      return fail(Fault::invalid_config, fmt::format("{} is no flag of cloudflared's", quotation(word)));
    }
    const auto flag = word.substr(word.find_first_not_of('-'));
    const auto equals = flag.find('=');
    const auto name = flag.substr(0, equals);
    if (equals != std::string_view::npos) {
      add(name, flag.substr(equals + 1), out);
    } else if (!among(plain_name(name), with_value)) {
      add(name, "", out);
    } else if (i + 1 < words.size()) {
      add(name, words[++i], out);
    } else {
      return fail(Fault::invalid_config, fmt::format("--{} lacks its value", name));
    }
  }
  return out;
}

Result<CloudflaredSettings> read_cloudflared_file(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return fail(Fault::invalid_config, "is no text");
  const auto document = parse_document(text);
  const bool is_mapping = document && document->kind == NodeKind::mapping;
  auto settings = is_mapping ? from_document(*document) : from_lines(text);
  if (!settings || speaks_of_dns(*settings)) return settings;
  return fail(
      Fault::invalid_config,
      "nothing in it is a setting of cloudflared's resolver (proxy-dns). It can be a config.yml, a compose file, a "
      "systemd unit, or /etc/default/cloudflared; or give the flags themselves: "
      "tacet migrate --from cloudflared --port 5053 …");
}

}  // namespace tacet
