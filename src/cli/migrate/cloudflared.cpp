#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/log.hpp"
#include "base/text.hpp"
#include "base/text_parts.hpp"
#include "cli/migrate/container.hpp"
#include "cli/migrate/foreign_program.hpp"
#include "cli/migrate/shell_words.hpp"
#include "config/address.hpp"
#include "config/document.hpp"
#include "config/scalar.hpp"
#include "config/url.hpp"

namespace tacet {
namespace {

constexpr auto program_names = std::to_array<std::string_view>({"cloudflared"});
constexpr std::string_view prefix = "proxy-dns-";
/// The flags with a value. Any other flag counts as one without; most have none.
constexpr auto with_value =
    std::to_array<std::string_view>({"port", "address", "upstream", "bootstrap", "max-upstream-conns", "metrics",
                                     "loglevel", "logfile", "config", "pidfile"});
/// The flags that only cloudflared's resolver has.
constexpr auto names_of_dns =
    std::to_array<std::string_view>({"port", "address", "upstream", "bootstrap", "max-upstream-conns"});
/// cloudflared splits these at commas.
constexpr auto lists = std::to_array<std::string_view>({"upstream", "bootstrap"});

constexpr std::string_view never_updates = "not needed: tacet never updates itself";
constexpr std::string_view of_tunnel = "belongs to a tunnel: cloudflared is still needed for that";
constexpr auto unmapped = std::to_array<UnmappedSetting>({
    {"--port --address --upstream --bootstrap --loglevel --proxy-dns", ""},
    {"--max-upstream-conns",
     "not needed: one connection carries all queries at once, and tacet opens another when it must"},
    {"--metrics", "has no counterpart here: `tacet status --json` tells more, on a socket that no web page can reach"},
    {"--logfile", in_journal},
    {"--pidfile", "not needed: the service manager knows the process"},
    {"--no-autoupdate --autoupdate-freq", never_updates},
    {"--config", "is another file: migrate it by its name"},
    {"--tunnel --ingress", of_tunnel},
});

bool among(std::string_view word, auto words) { return std::ranges::find(words, word) != words.end(); }

std::string plain_name(std::string_view name) {
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  return std::string(name);
}

void add(std::string_view name, std::string_view value, ForeignSettings& out) {
  const auto plain = plain_name(name);
  while (among(plain, lists)) {
    const auto comma = value.find(',');
    if (comma == std::string_view::npos) break;
    out.push_back({0, plain, std::string(value.substr(0, comma))});
    value.remove_prefix(comma + 1);
  }
  out.push_back({0, plain, std::string(value)});
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
ForeignSettings from_mapping(const Node& root) {
  ForeignSettings out;
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
  for (std::string_view line : split(text, '\n')) {
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

/// True if the settings of a file belong to cloudflared's resolver, and not to another part of it.
bool speaks_of_dns(const ForeignSettings& settings) {
  return std::ranges::any_of(settings, [&](const ForeignSetting& setting) {
    return among(setting.name, names_of_dns) || (setting.name == "proxy-dns" && setting.value != "false");
  });
}

/// The settings in a command line. The program's name and its verbs may stand before the flags.
Result<ForeignSettings> settings_in(const std::vector<std::string>& words) {
  ForeignSettings out;
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

/// The same; the verb is a setting, too.
Result<ForeignSettings> from_command(const std::vector<std::string>& words) {
  auto settings = settings_in(words);
  if (settings && among("proxy-dns", words)) settings->insert(settings->begin(), {0, "proxy-dns", ""});
  return settings;
}

Result<void> read_line(std::string_view line, ForeignSettings& out) {
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
    if (name == "ExecStart") words = words_behind(*words, program_names);
    if (!words) return {};
    auto flags = from_command(*words);
    if (!flags) return fail(flags.error());
    out.insert(out.end(), flags->begin(), flags->end());
  }
  return {};
}

Result<ForeignSettings> from_container(const Container& container) {
  ForeignSettings out;
  for (const auto& [name, value] : container.variables)
    if (const auto flag = flag_of_variable(name)) add(*flag, value, out);
  // An image's entrypoint is its program, so the words may begin behind the program's name.
  auto flags = from_command(words_behind(container.words, program_names).value_or(container.words));
  if (!flags) return fail(flags.error());
  out.insert(out.end(), flags->begin(), flags->end());
  for (const auto& [address, number] : published(container, last_named(out, "port", "53").value)) {
    out.push_back({0, "address", address});
    out.push_back({0, "port", number});
    break;  // UDP and TCP are published separately, at the same address
  }
  return out;
}

/// The one container of a document that runs cloudflared's resolver.
Result<ForeignSettings> from_containers(const std::vector<Container>& containers) {
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

Result<ForeignSettings> from_lines(std::string_view text) {
  ForeignSettings out;
  for (const auto& line : logical_lines(text)) {
    if (const auto done = read_line(line, out); !done) return fail(done.error());
  }
  return out;
}

Result<ForeignSettings> from_document(const Node& document) {
  auto containers = containers_in(document);
  return containers.empty() ? from_mapping(document) : from_containers(containers);
}

/// cloudflared has two levels above "error".
LogLevel log_level(std::string_view word) {
  if (word == "fatal" || word == "panic") return LogLevel::error;
  return log::level_from_text(word).value_or(LogLevel::info);
}

/// Localhost at the usual port is tacet's default, too.
Result<void> read_listen(const ForeignSettings& all, Migration& to) {
  const auto port = last_named(all, "--port", "53");
  const auto address = last_named(all, "--address", "localhost");
  if (!parse_port(port.value))
    return fail(Fault::invalid_config, fmt::format("--port {} is no port, allowed: 1 to 65535", quotation(port.value)));
  if (address.value == "localhost" && port.value == "53") return {};
  to.listen(address, address.value, port.value);
  if (to.config().listen.empty()) return fail(Fault::invalid_config, to.notes().back());
  return {};
}

/// The plain DNS servers at the addresses of the bootstrap URLs; cloudflared's own only if a name must be looked up.
void read_bootstrap(const ForeignSettings& all, Migration& to) {
  auto servers = named(all, "--bootstrap");
  if (servers.empty() && std::ranges::any_of(to.config().upstreams, needs_bootstrap))
    servers = {{0, "--bootstrap", "https://1.1.1.1/dns-query"},
               {0, "--bootstrap", "https://[2606:4700:4700::1111]/dns-query"}};
  for (const auto& setting : servers) {
    const auto server = parse_upstream_url(setting.value);
    if (server && server->host_is_address)
      to.bootstrap(setting, server->host);
    else
      to.note(setting, fmt::format("{} left out: not an https URL with an address in it", quotation(setting.value)));
  }
}

Result<void> carry_over(Result<ForeignSettings> read, Migration& to) {
  if (!read) return fail(read.error());
  auto all = *std::move(read);
  for (auto& setting : all) setting.name.insert(0, "--");  // notes call them by their flags
  if (const auto done = read_listen(all, to); !done) return done;
  auto upstreams = named(all, "--upstream");
  if (upstreams.empty())  // cloudflared's own default
    upstreams = {{0, "--upstream", "https://1.1.1.1/dns-query"}, {0, "--upstream", "https://1.0.0.1/dns-query"}};
  for (const auto& setting : upstreams) to.upstream(setting, setting.value);
  read_bootstrap(all, to);
  to.config().log.level = log_level(last_named(all, "--loglevel", "info").value);
  for (const auto& setting : all) to.leave_out(setting, unmapped);
  return {};
}

}  // namespace

Result<void> read_cloudflared_flags(const std::vector<std::string>& words, Migration& to) {
  return carry_over(settings_in(words), to);
}

Result<void> read_cloudflared(const std::string&, std::string_view text, Migration& to) {
  const auto document = parse_document(text);
  const bool is_mapping = document && document->kind == NodeKind::mapping;
  auto settings = is_mapping ? from_document(*document) : from_lines(text);
  if (!settings || speaks_of_dns(*settings)) return carry_over(std::move(settings), to);
  return fail(
      Fault::invalid_config,
      "nothing in it is a setting of cloudflared's resolver (proxy-dns). It can be a config.yml, a compose file, a "
      "systemd unit, or /etc/default/cloudflared; or give the flags themselves: "
      "tacet migrate --from cloudflared --port 5053 …");
}

}  // namespace tacet
