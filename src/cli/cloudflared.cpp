#include "cli/cloudflared.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "config/document.hpp"
#include "config/scalar.hpp"

namespace tacet {
namespace {

constexpr std::string_view prefix = "proxy-dns-";
/// The flags with a value; of any other flag it cannot be known, and most have none.
constexpr std::array<std::string_view, 10> with_value{
    "port",    "address",  "upstream", "bootstrap", "max-upstream-conns",
    "metrics", "loglevel", "logfile",  "config",    "pidfile"};
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

/// Words as a shell or systemd would part them; expansions stay as they are written.
std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  bool inside = false;
  char quote = '\0';
  for (const char c : text) {
    if (quote == '\0' && std::isspace(static_cast<unsigned char>(c)) != 0) {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    inside = true;
    if (quote == c) {
      quote = '\0';
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else {
      words.back() += c;
    }
  }
  return words;
}

std::string without_quotes(std::string_view value) {
  const auto words = split_words(value);
  return words.empty() ? std::string() : words.front();
}

CloudflaredSettings from_mapping(const Node& root) {
  CloudflaredSettings out;
  for (std::size_t i = 0; i + 1 < root.children.size(); i += 2) {
    const auto& name = root.children[i].text;
    const auto& value = root.children[i + 1];
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
  std::string flag(name.substr(start.size()));
  std::ranges::transform(flag, flag.begin(),
                         [](unsigned char c) { return c == '_' ? '-' : static_cast<char>(std::tolower(c)); });
  return flag;
}

/// Lines without comments and indentation; those that end in a backslash are joined with the next.
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
    auto words = split_words(value);
    if (words.size() == 1) words = split_words(words.front());  // all of it stood in quotes
    auto flags = read_cloudflared_flags(words);
    if (!flags) return fail(flags.error());
    out.insert(out.end(), flags->begin(), flags->end());
  }
  return {};
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
  CloudflaredSettings out;
  if (const auto document = parse_document(text); document && document->kind == NodeKind::mapping) {
    out = from_mapping(*document);
  } else {
    for (const auto& line : logical_lines(text)) {
      if (const auto done = read_line(line, out); !done) return fail(done.error());
    }
  }
  if (!out.empty()) return out;
  return fail(Fault::invalid_config,
              "nothing in it is a setting of cloudflared's. It can be a config.yml, a systemd unit, or "
              "/etc/default/cloudflared; or give the flags themselves: tacet migrate --from cloudflared --port 5053 …");
}

}  // namespace tacet
