#include "config/yaml.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "config/address.hpp"
#include "config/document.hpp"
#include "config/prefix.hpp"
#include "config/scalar.hpp"
#include "config/spelling.hpp"
#include "config/url.hpp"
#include "config/value.hpp"
#include "config/void_keys.hpp"
#include "config/zone.hpp"

namespace tacet {
namespace {

/// One key of one mapping. The tables below are all there is to know about the form of a configuration.
template <class T>
struct Key {
  std::string_view name;
  std::string_view allowed;
  void (*read)(const Value&, T&);
};

void check_keys(const Value& mapping, std::span<const std::string_view> names);

/// Reads whatever `keys` finds in a mapping, in the order of the table. Nothing under a key means nothing is set.
template <class T, std::size_t N>
void read_mapping(const Value& mapping, const std::array<Key<T>, N>& keys, T& out) {
  if (mapping.node().kind == NodeKind::null) return;
  if (mapping.node().kind != NodeKind::mapping) {
    mapping.wrong("is no mapping");
    return;
  }
  std::array<std::string_view, N> names;
  std::ranges::transform(keys, names.begin(), &Key<T>::name);
  check_keys(mapping, names);
  for (const auto& key : keys) {
    if (const auto* node = mapping.node().find(key.name)) key.read(mapping.member(key.name, *node, key.allowed), out);
  }
}

constexpr std::uint64_t longest_ttl = 604800;
constexpr std::string_view ttl_allowed = "0 to 604800 (seconds)";
constexpr std::string_view path_allowed = "the absolute path of a file that may be read, or \"\" for the system's";
/// One less than the shortest sun_path among our platforms.
constexpr std::size_t longest_socket_path = 103;
/// Every query looks through them.
constexpr std::size_t most_zones = 64;
constexpr std::string_view zone_servers_allowed =
    R"(a list of addresses or of URLs such as [192.168.1.1, "192.168.1.2:5353"] or ["tls://10.0.0.53"], none twice)";

void read_ttl(const Value& value, std::uint32_t& out) { read_number(value, {0, longest_ttl}, out); }

void read_cache_size(const Value& value, std::size_t& out) {
  constexpr std::uint64_t least = 64U << 10;
  constexpr std::uint64_t most = std::uint64_t{1} << 40;
  std::uint64_t octets = 0;
  if (!read_size(value, octets)) return;
  if (octets != 0 && (octets < least || octets > most)) {
    value.wrong("is out of range");
    return;
  }
  out = static_cast<std::size_t>(octets);
}

void read_url(const Value& value, UpstreamConfig& out) {
  const auto* text = value.scalar();
  if (!text) return;
  auto upstream = parse_upstream_url(*text);
  if (!upstream) {
    value.fault(upstream.error().detail);
    return;
  }
  out = *std::move(upstream);
}

/// Why a file cannot be used, or nothing. Whether it may be read depends on the reader, which can be another process
/// with other rights.
std::optional<std::string_view> unusable(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) {
    if (errno == EACCES) return std::nullopt;
    return "does not exist or cannot be reached";
  }
  if (!S_ISREG(status.st_mode)) return "is no regular file";
  return std::nullopt;
}

void read_ca_file(const Value& value, std::string& out) {
  std::string path;
  if (!read_path(value, 4095, path)) return;
  if (const auto why = path.empty() ? std::nullopt : unusable(path)) {
    value.wrong(*why);
    return;
  }
  out = std::move(path);
}

void read_operator(const Value& value, std::string& out) {
  std::string name;
  if (!read_line(value, 64, name)) return;
  if (name.empty()) {
    value.wrong("names nobody");
    return;
  }
  out = std::move(name);
}

void read_pinned(const Value& value, std::vector<std::string>& out) {
  std::vector<std::string> addresses;
  for (const auto& item : value.items()) {
    const auto* text = item.scalar();
    if (!text) continue;
    auto address = parse_host_address(*text);
    if (!address && !canonical_address(text->substr(0, text->find('%')))) {
      item.wrong("is no IP address");
    } else if (!address) {
      item.fault(address.error().detail);
    } else if (std::ranges::find(addresses, *address) != addresses.end()) {
      item.wrong("is given twice");
    } else {
      addresses.push_back(*std::move(address));
    }
  }
  // An empty list pins nothing; the address of an address URL must survive it.
  if (!addresses.empty()) out = std::move(addresses);
}

std::vector<SocketAddress> read_socket_addresses(const Value& value) {
  std::vector<SocketAddress> out;
  for (const auto& item : value.items()) {
    const auto* text = item.scalar();
    if (!text) continue;
    auto address = parse_socket_address(*text, 53);
    if (!address) {
      item.fault(address.error().detail);
    } else if (std::ranges::find(out, *address) != out.end()) {
      item.wrong("is given twice");
    } else {
      out.push_back(*std::move(address));
    }
  }
  return out;
}

void read_listen(const Value& value, Config& out) {
  const bool empty = value.node().kind == NodeKind::list && value.node().children.empty();
  if (empty) value.wrong("is not enough");
  out.listen = read_socket_addresses(value);
}

void read_allow(const Value& value, Config& out) {
  out.allow.clear();
  for (const auto& item : value.items()) {
    const auto* text = item.scalar();
    if (!text) continue;
    auto prefix = parse_prefix(*text);
    if (!prefix) {
      item.fault(prefix.error().detail);
    } else if (std::ranges::find(out.allow, *prefix) != out.allow.end()) {
      item.wrong("is given twice");
    } else {
      out.allow.push_back(*std::move(prefix));
    }
  }
}

constexpr std::array<Choice<Sni>, 2> sni_choices{{{"send", Sni::send}, {"omit", Sni::omit}}};
constexpr std::array<Choice<LogLevel>, 4> level_choices{
    {{"error", LogLevel::error}, {"warn", LogLevel::warn}, {"info", LogLevel::info}, {"debug", LogLevel::debug}}};
constexpr std::array<Choice<ExposureMode>, 3> mode_choices{
    {{"off", ExposureMode::off}, {"passive", ExposureMode::passive}, {"active", ExposureMode::active}}};

/// `url` comes first: it makes the entry that the other keys then change.
constexpr std::array<Key<UpstreamConfig>, 5> upstream_keys{{
    {"url", "https://HOST[:PORT][/PATH] or tls://HOST[:PORT]", read_url},
    {"addresses", R"(a list of IP addresses such as [1.1.1.1, "2606:4700:4700::1111"], none twice)",
     [](const Value& v, UpstreamConfig& u) { read_pinned(v, u.addresses); }},
    {"ca_file", path_allowed, [](const Value& v, UpstreamConfig& u) { read_ca_file(v, u.ca_file); }},
    {"operator", "1 to 64 octets of text",
     [](const Value& v, UpstreamConfig& u) { read_operator(v, u.operator_name); }},
    {"sni", "send or omit", [](const Value& v, UpstreamConfig& u) { read_choice<Sni>(v, sni_choices, u.sni); }},
}};

/// A file that is not there may come; a directory never becomes one.
void read_hosts_file(const Value& value, std::string& out) {
  std::string path;
  if (!read_path(value, 4095, path)) return;
  struct stat status{};
  if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    value.wrong("is a directory");
    return;
  }
  out = std::move(path);
}

constexpr std::array<Key<HostsConfig>, 1> hosts_keys{{
    {"file", "an absolute path such as /etc/hosts, or \"\" for none",
     [](const Value& v, HostsConfig& h) { read_hosts_file(v, h.file); }},
}};

/// Says which zone it is, if that is spelled otherwise.
std::string given_twice(std::string_view text, const std::string& zone) {
  return text == zone ? "is given twice" : fmt::format("is given twice: it is the zone {}", zone);
}

void read_zones(const Value& value, std::vector<std::string>& out) {
  out.clear();
  for (const auto& item : value.items()) {
    const auto* text = item.scalar();
    if (!text) continue;
    auto zone = parse_zone(*text);
    if (!zone) {
      item.fault(zone.error().detail);
    } else if (*zone == ".") {
      item.fault("the root is every name there is, allowed: zones below it (`protect: false` lets all names pass)");
    } else if (std::ranges::find(out, *zone) != out.end()) {
      item.wrong(given_twice(*text, *zone));
    } else {
      out.push_back(*std::move(zone));
    }
  }
}

constexpr std::array<Key<RebindConfig>, 2> rebind_keys{{
    {"protect", "true or false", [](const Value& v, RebindConfig& r) { read_bool(v, r.protect); }},
    {"allow", "a list of zones such as [plex.direct, corp.example], none twice",
     [](const Value& v, RebindConfig& r) { read_zones(v, r.allow); }},
}};

constexpr std::array<Key<CacheConfig>, 4> cache_keys{{
    {"size", "0 (no cache) or 64KiB to 1024GiB, in octets or with KiB, MiB or GiB",
     [](const Value& v, CacheConfig& c) { read_cache_size(v, c.size); }},
    {"min_ttl", ttl_allowed, [](const Value& v, CacheConfig& c) { read_ttl(v, c.min_ttl); }},
    {"max_ttl", ttl_allowed, [](const Value& v, CacheConfig& c) { read_ttl(v, c.max_ttl); }},
    {"max_negative_ttl", ttl_allowed, [](const Value& v, CacheConfig& c) { read_ttl(v, c.max_negative_ttl); }},
}};

constexpr std::array<Key<LogConfig>, 2> log_keys{{
    {"level", "error, warn, info or debug",
     [](const Value& v, LogConfig& l) { read_choice<LogLevel>(v, level_choices, l.level); }},
    {"lines", "0 (any) to 1000000 (a minute)",
     [](const Value& v, LogConfig& l) { read_number(v, {0, 1000000}, l.lines); }},
}};

void read_metrics_listen(const Value& value, std::optional<SocketAddress>& out) {
  constexpr std::uint16_t default_port = 9153;
  const auto* text = value.scalar();
  if (!text) return;
  if (text->empty()) {
    out.reset();
    return;
  }
  auto address = parse_socket_address(*text, default_port);
  if (!address) {
    value.fault(address.error().detail);
  } else if (!is_loopback(address->address)) {
    value.wrong("is no loopback address");
  } else {
    out = *std::move(address);
  }
}

constexpr std::array<Key<ControlConfig>, 2> control_keys{{
    {"socket", "an absolute path, or \"\" for no control socket",
     [](const Value& v, ControlConfig& c) { read_path(v, longest_socket_path, c.socket); }},
    {"group", "the name of a group, or \"\" for the program's own",
     [](const Value& v, ControlConfig& c) { read_line(v, 32, c.group); }},
}};

constexpr std::array<Key<MetricsConfig>, 1> metrics_keys{{
    {"listen", "a loopback address such as \"127.0.0.1:9153\", or \"\" for none",
     [](const Value& v, MetricsConfig& m) { read_metrics_listen(v, m.listen); }},
}};

constexpr std::array<Key<LimitsConfig>, 4> limits_keys{{
    {"tcp_clients", "1 to 65536", [](const Value& v, LimitsConfig& l) { read_number(v, {1, 65536}, l.tcp_clients); }},
    {"pending", "1 to 1048576", [](const Value& v, LimitsConfig& l) { read_number(v, {1, 1U << 20}, l.pending); }},
    {"per_client", "1 to 1048576",
     [](const Value& v, LimitsConfig& l) { read_number(v, {1, 1U << 20}, l.per_client); }},
    {"rate", "0 (any) to 1000000 (queries per second)",
     [](const Value& v, LimitsConfig& l) { read_number(v, {0, 1000000}, l.rate); }},
}};

constexpr std::array<Choice<Disclosure>, 3> disclosure_choices{
    {{"show", Disclosure::show}, {"mask", Disclosure::mask}, {"omit", Disclosure::omit}}};

void read_query_log_target(const Value& value, std::string& out) {
  constexpr std::size_t longest_path = 4000;  // a number is put behind it
  const auto* text = value.scalar();
  if (!text) return;
  if (text->empty()) {
    value.wrong("is nowhere");
  } else if (*text == "off" || *text == "journal") {
    out = *text;
  } else {
    read_path(value, longest_path, out);
  }
}

void read_query_log_size(const Value& value, std::size_t& out) {
  constexpr std::uint64_t least = 64U << 10;
  constexpr std::uint64_t most = std::uint64_t{1} << 40;
  std::uint64_t octets = 0;
  if (!read_size(value, octets)) return;
  if (octets < least || octets > most)
    value.wrong("is out of range");
  else
    out = static_cast<std::size_t>(octets);
}

constexpr std::array<Key<QueryLogConfig>, 5> query_log_keys{{
    {"to", "off, journal or the absolute path of a file",
     [](const Value& v, QueryLogConfig& q) { read_query_log_target(v, q.to); }},
    {"clients", "show, mask or omit",
     [](const Value& v, QueryLogConfig& q) { read_choice<Disclosure>(v, disclosure_choices, q.clients); }},
    {"names", "show, mask or omit",
     [](const Value& v, QueryLogConfig& q) { read_choice<Disclosure>(v, disclosure_choices, q.names); }},
    {"max_size", "64KiB to 1024GiB, in octets or with KiB, MiB or GiB",
     [](const Value& v, QueryLogConfig& q) { read_query_log_size(v, q.max_size); }},
    {"keep", "0 to 100", [](const Value& v, QueryLogConfig& q) { read_number(v, {0, 100}, q.keep); }},
}};

constexpr std::array<Key<ExposureConfig>, 3> exposure_keys{{
    {"mode", "off, passive or active",
     [](const Value& v, ExposureConfig& e) { read_choice<ExposureMode>(v, mode_choices, e.mode); }},
    {"names", "16 to 1048576", [](const Value& v, ExposureConfig& e) { read_number(v, {16, 1U << 20}, e.names); }},
    {"log_names", "true or false", [](const Value& v, ExposureConfig& e) { read_bool(v, e.log_names); }},
}};

/// Reads one entry and reports what only the whole entry can show.
void read_upstream(const Value& entry, std::vector<UpstreamConfig>& out) {
  auto& upstream = out.emplace_back();
  read_mapping(entry, upstream_keys, upstream);
  const bool readable = entry.node().kind == NodeKind::mapping || entry.node().kind == NodeKind::null;
  if (!readable || entry.node().find("url")) return;
  const auto& url = upstream_keys.front();
  entry.member(url.name, entry.node(), url.allowed).fault(fmt::format("is missing, allowed: {}", url.allowed));
}

void read_upstreams(const Value& value, Config& out) {
  const bool empty = value.node().kind == NodeKind::list && value.node().children.empty();
  if (empty) value.wrong("is not enough");
  out.upstreams.clear();
  for (const auto& entry : value.items()) read_upstream(entry, out.upstreams);
}

/// One server of a zone: an address, a URL, or a mapping as under `upstreams`.
void read_zone_server(const Value& value, std::vector<ZoneServer>& out) {
  if (value.node().kind == NodeKind::mapping) {
    std::vector<UpstreamConfig> one;
    read_upstream(value, one);
    if (!one.front().url.empty() && std::ranges::find(out, ZoneServer(one.front())) != out.end())
      value.fault("is given twice, allowed: each server once");
    else
      out.emplace_back(std::move(one.front()));
    return;
  }
  const auto* text = value.scalar();
  if (!text) return;
  auto server = parse_zone_server(*text);
  if (!server) {
    value.fault(server.error().detail);
  } else if (std::ranges::find(out, *server) != out.end()) {
    value.wrong("is given twice");
  } else {
    out.push_back(*std::move(server));
  }
}

std::vector<ZoneServer> read_zone_servers(const Value& value) {
  std::vector<ZoneServer> out;
  const bool empty = value.node().kind == NodeKind::list && value.node().children.empty();
  if (empty) value.wrong("is not enough");
  for (const auto& item : value.items()) {
    read_zone_server(item, out);
    // Else every name of the zone would be readable as soon as the encrypted server cannot be reached.
    if (!out.empty() && out.back().index() != out.front().index()) {
      item.fault("mixes plain and encrypted servers in one zone, allowed: all of one kind");
      break;
    }
  }
  return out;
}

constexpr std::string_view forward_allowed =
    R"(a mapping of zones to servers such as {lan: [192.168.1.1], corp.example: ["tls://10.0.0.53"]})";

/// Unlike any other mapping, this one has the user's own keys.
void read_forward(const Value& value, Config& out) {
  out.forward.clear();
  if (value.node().kind == NodeKind::null) return;
  if (value.node().kind != NodeKind::mapping) {
    value.wrong("is no mapping");
    return;
  }
  const auto& pairs = value.node().children;
  if (pairs.size() > 2 * most_zones) {
    value.wrong(fmt::format("of {} is longer than {}", pairs.size() / 2, most_zones));
    return;
  }
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    const Node& key = pairs[i];
    const auto at = value.member(key.text, key, "the name of a zone such as lan or 168.192.in-addr.arpa, none twice");
    const auto* text = at.scalar();
    if (!text) continue;
    const auto zone = parse_zone(*text);
    if (!zone) {
      at.fault(zone.error().detail);
    } else if (*zone == ".") {
      at.fault("the root is every name there is, allowed: zones below it (`upstreams` answers for all others)");
    } else if (std::ranges::find(out.forward, *zone, &ForwardZone::zone) != out.forward.end()) {
      at.wrong(given_twice(*text, *zone));
    }
    auto servers = read_zone_servers(value.member(key.text, pairs[i + 1], zone_servers_allowed));
    if (zone && !servers.empty()) out.forward.push_back({*zone, std::move(servers)});
  }
}

constexpr std::array<Key<Config>, 18> config_keys{{
    {"listen", R"(a list of addresses such as ["127.0.0.1:53", "[::1]:53"], at least one, none twice)", read_listen},
    {"allow", R"(a list of prefixes such as [192.168.1.0/24, "fd00::/8"], none twice)", read_allow},
    {"workers", "1 to 64", [](const Value& v, Config& c) { read_number(v, {1, 64}, c.workers); }},
    {"upstreams", "a list of at least one mapping such as {url: tls://1.1.1.1}", read_upstreams},
    {"bootstrap", R"(a list of addresses such as ["1.1.1.1", "[2606:4700:4700::1111]:53"], none twice)",
     [](const Value& v, Config& c) { c.bootstrap = read_socket_addresses(v); }},
    {"forward", forward_allowed, read_forward},
    {"hosts", "a mapping such as {file: /etc/hosts}",
     [](const Value& v, Config& c) { read_mapping(v, hosts_keys, c.hosts); }},
    {"rebind", "a mapping such as {protect: true}",
     [](const Value& v, Config& c) { read_mapping(v, rebind_keys, c.rebind); }},
    {"cache", "a mapping such as {size: 32MiB}",
     [](const Value& v, Config& c) { read_mapping(v, cache_keys, c.cache); }},
    {"log", "a mapping such as {level: info}", [](const Value& v, Config& c) { read_mapping(v, log_keys, c.log); }},
    {"control", "a mapping such as {socket: /run/tacet/control.sock}",
     [](const Value& v, Config& c) { read_mapping(v, control_keys, c.control); }},
    {"metrics", "a mapping such as {listen: \"127.0.0.1:9153\"}",
     [](const Value& v, Config& c) { read_mapping(v, metrics_keys, c.metrics); }},
    {"limits", "a mapping such as {pending: 4096}",
     [](const Value& v, Config& c) { read_mapping(v, limits_keys, c.limits); }},
    {"exposure", "a mapping such as {mode: passive}",
     [](const Value& v, Config& c) { read_mapping(v, exposure_keys, c.exposure); }},
    {"query_log", "a mapping such as {to: /var/log/tacet/queries.log}",
     [](const Value& v, Config& c) { read_mapping(v, query_log_keys, c.query_log); }},
    {"user", "the name of a user, or \"\"", [](const Value& v, Config& c) { read_line(v, 32, c.user); }},
    {"confine", "true or false", [](const Value& v, Config& c) { read_bool(v, c.confine); }},
    {"answer_chaos", "true or false", [](const Value& v, Config& c) { read_bool(v, c.answer_chaos); }},
}};

template <class T, std::size_t N>
void append_keys(const std::string& above, const std::array<Key<T>, N>& keys, std::vector<std::string>& out) {
  for (const auto& key : keys) out.push_back(above + std::string(key.name));
}

/// What to say of a key that this mapping does not have.
std::string unknown_key(std::string_view wrong, std::span<const std::string_view> names) {
  const auto allowed = fmt::format("allowed: {}", fmt::join(names, ", "));
  if (const auto meant = nearest(wrong, names)) return fmt::format("unknown key, did you mean {}? {}", *meant, allowed);
  for (const auto& key : known_keys()) {
    const auto dot = key.rfind('.');
    if (dot != std::string::npos && key.substr(dot + 1) == wrong) {
      return fmt::format("unknown key here, did you mean {}? {}", key, allowed);
    }
  }
  return "unknown key, " + allowed;
}

/// Reports keys that are no text, unknown, or there before: yaml-cpp takes a duplicate in silence.
void check_keys(const Value& mapping, std::span<const std::string_view> names) {
  const auto& pairs = mapping.node().children;
  std::map<std::string_view, int> first_line;
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    const auto& key = pairs[i];
    if (key.kind != NodeKind::scalar) {
      mapping.at(key).wrong("is no key");
      continue;
    }
    const auto at = mapping.member(key.text, key, {});
    if (const auto [first, is_new] = first_line.try_emplace(key.text, key.at.line); !is_new) {
      at.fault(fmt::format("given twice, first in line {}, allowed: once", first->second));
    } else if (std::ranges::find(names, key.text) == names.end()) {
      at.fault(unknown_key(key.text, names));
    }
  }
}

/// True if a list was given with something in it; what is wrong in it has been reported where it stands.
bool has_items(const Node* list) { return list && !(list->kind == NodeKind::list && list->children.empty()); }

std::string unresolvable(std::string_view host) {
  return fmt::format("the name {} cannot be resolved, allowed: pinned addresses here, or a bootstrap server",
                     quotation(host));
}

/// The same for the encrypted servers of zones.
void check_zone_bootstrap(const Value& root, const Config& config) {
  const auto* forward = root.node().find("forward");
  if (!forward || forward->kind != NodeKind::mapping || has_items(root.node().find("bootstrap"))) return;
  const auto& pairs = forward->children;
  const auto section = root.member("forward", *forward, {});
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    const auto zone = parse_zone(pairs[i].text);
    const auto found = std::ranges::find(config.forward, zone.value_or(""), &ForwardZone::zone);
    if (found == config.forward.end()) continue;
    for (const ZoneServer& server : found->servers) {
      const auto* upstream = std::get_if<UpstreamConfig>(&server);
      if (!upstream || upstream->host.empty() || !needs_bootstrap(*upstream)) continue;
      section.member(pairs[i].text, pairs[i + 1], {}).fault(unresolvable(upstream->host));
    }
  }
}

/// An upstream's name must be resolvable without asking ourselves.
void check_bootstrap(const Value& root, const Config& config) {
  const auto* upstreams = root.node().find("upstreams");
  if (!upstreams || upstreams->kind != NodeKind::list || has_items(root.node().find("bootstrap"))) return;
  const auto entries = root.member("upstreams", *upstreams, {}).items();
  for (std::size_t i = 0; i < entries.size() && i < config.upstreams.size(); ++i) {
    const auto& upstream = config.upstreams[i];
    const auto* url = entries[i].node().find("url");
    if (!url || upstream.host.empty() || !needs_bootstrap(upstream)) continue;
    if (has_items(entries[i].node().find("addresses"))) continue;
    entries[i].member("url", *url, {}).fault(unresolvable(upstream.host));
  }
}

/// Others must not find an open door that nobody meant to open.
void check_listen(const Value& root, const Config& config) {
  const auto* listen = root.node().find("listen");
  const auto* allow = root.node().find("allow");
  if (!listen || has_items(allow)) return;
  if (const auto closed = check_access(config.listen, config.allow); !closed)
    root.member("listen", *listen, {}).fault(closed.error().detail);
}

void check_ttls(const Value& root, const Config& config) {
  if (config.cache.min_ttl <= config.cache.max_ttl) return;
  // The default of min_ttl is below every max_ttl, so it was set here.
  const auto* cache = root.node().find("cache");
  const auto value = root.member("cache", *cache, {}).member("min_ttl", *cache->find("min_ttl"), {});
  value.fault(fmt::format("{} is above max_ttl, allowed: 0 to {}", config.cache.min_ttl, config.cache.max_ttl));
}

}  // namespace

std::vector<std::string> known_keys() {
  std::vector<std::string> out;
  append_keys("", config_keys, out);
  append_keys("upstreams[].", upstream_keys, out);
  append_keys("hosts.", hosts_keys, out);
  append_keys("rebind.", rebind_keys, out);
  append_keys("cache.", cache_keys, out);
  append_keys("log.", log_keys, out);
  append_keys("control.", control_keys, out);
  append_keys("metrics.", metrics_keys, out);
  append_keys("limits.", limits_keys, out);
  append_keys("exposure.", exposure_keys, out);
  append_keys("query_log.", query_log_keys, out);
  return out;
}

std::expected<Config, std::vector<ConfigFault>> read_config(std::string_view text, std::string_view file_name) {
  const auto document = parse_document(text);
  const std::string file(file_name);
  if (!document) {
    return std::unexpected(std::vector{ConfigFault{file, document.error().at, {}, document.error().text}});
  }
  std::vector<ConfigFault> faults;
  const Value root(*document, {}, "a mapping such as {workers: 1}", faults);
  auto config = Config::defaults();
  read_mapping(root, config_keys, config);
  check_bootstrap(root, config);
  check_zone_bootstrap(root, config);
  check_ttls(root, config);
  report_void_keys(root, config);
  report_loops(root, config);
  check_listen(root, config);
  if (faults.empty()) return config;
  std::ranges::sort(faults, {}, [](const ConfigFault& fault) { return std::tie(fault.at, fault.key, fault.text); });
  for (auto& fault : faults) fault.file = file;
  return std::unexpected(std::move(faults));
}

}  // namespace tacet
