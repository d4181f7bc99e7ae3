#include "config/keys.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/mode_words.hpp"
#include "config/prefix.hpp"

// How to add a key: give the structure in tacet/config.hpp a field with its default, and the table below a row with the
// key's name, its field and its form. A key, or a whole section, says .at_start() if a reload cannot change it.
// Describe the key in conf/tacet.yaml and packaging/man/tacet.yaml.5, which tests compare with the row. Rules about two
// keys are in whole_file.cpp.

namespace tacet {
namespace {

/// The names of enumerators, in their order.
constexpr std::string_view sni_words[]{"send", "omit"};
constexpr std::string_view stale_words[]{"late", "at_once"};
constexpr std::string_view ladder_words[]{"on", "ask-only", "off"};
constexpr std::string_view disclosure_words[]{"show", "mask", "omit"};
constexpr std::string_view query_log_words[]{"off", "journal"};

/// One less than the shortest sun_path among our platforms.
constexpr std::size_t longest_socket_path = 103;
/// A number is put behind it when it is rotated.
constexpr std::size_t longest_log_path = 4000;
constexpr std::size_t longest_account_name = 32;

constexpr NumberForm ttl{0, 604800, "", "seconds"};

constexpr std::string_view listen_allowed =
    R"(a list of addresses such as ["127.0.0.1:53", "[::1]:53"], at least one, none twice)";
constexpr std::string_view https_allowed =
    R"(a list of addresses such as ["127.0.0.1:8453", "[::1]:8453"], none twice)";
constexpr std::string_view tls_allowed = R"(a list of addresses such as ["192.168.1.2:853", "[::1]:853"], none twice)";
constexpr PathForm certificate_form{"the absolute path of a file in PEM that may be read", 4095, "", {}, unusable};
constexpr PathForm private_key_form = certificate_form;
constexpr std::string_view bootstrap_allowed =
    R"(a list of addresses such as ["1.1.1.1", "[2606:4700:4700::1111]:53"], none twice)";
constexpr std::string_view hosts_allowed = "a list of host names such as [tacet.home.arpa], none twice";
constexpr std::string_view zones_allowed = "a list of zones such as [plex.direct, corp.example], none twice";

template <class T>
bool is_same(const T& a, const T& b) {
  return a == b;
}

/// True if the user's addresses equal the default ones.
bool is_same(const std::vector<SocketAddress>& a, const std::vector<SocketAddress>& b) {
  const auto same = [](const auto& x, const auto& y) { return x.address == y.address && x.port == y.port; };
  return std::ranges::equal(a, b, same);
}

/// The key of the field to which `members` lead from a T; of the whole T without members.
template <class T, auto... members, class F>
constexpr ConfigKey<T> key(std::string_view name, F form) {
  return {.name = name,
          .form = form,
          .read = [](const Value& value, const Form& f, T& out) { std::get<F>(f).read(value, (out.*....*members)); },
          .text = [](const Form& f, const T& from) { return std::get<F>(f).text((from.*....*members)); },
          .same = [](const T& a, const T& b) { return is_same((a.*....*members), (b.*....*members)); }};
}

constexpr ConfigKey<Config> section(std::string_view name, SectionForm form) { return {.name = name, .form = form}; }

constexpr ConfigKey<UpstreamConfig> upstream_table[]{
    // Must be first, because it makes the entry that the others change.
    key<UpstreamConfig>("url", UrlForm{}),
    key<UpstreamConfig, &UpstreamConfig::addresses>("addresses", IpAddressesForm{machine_addresses, machine_address}),
    key<UpstreamConfig, &UpstreamConfig::ca_file>(
        "ca_file",
        PathForm{"the absolute path of a file that may be read, or \"\" for the system's", 4095, "", {}, unusable}),
    key<UpstreamConfig, &UpstreamConfig::operator_name>("operator",
                                                        TextForm{"1 to 64 octets of text", 64, "names nobody"}),
    key<UpstreamConfig, &UpstreamConfig::sni>("sni", WordForm{sni_words}),
    key<UpstreamConfig, &UpstreamConfig::proxy>("proxy", ProxyForm{}),
    key<UpstreamConfig, &UpstreamConfig::via>("via", ViaForm{}),
};

constexpr ConfigKey<Config> config_table[]{
    key<Config, &Config::listen>("listen", SocketAddressesForm{listen_allowed, listen_address, 1}).at_start(),
    key<Config, &Config::allow>(
        "allow", PrefixesForm{R"(a list of prefixes such as [192.168.1.0/24, "fd00::/8"], none twice)", parse_prefix}),
    section("https", {R"({listen: ["127.0.0.1:8453"], certificate: /etc/tacet/server.pem, key: /etc/tacet/server.key})",
                      "https.listen"}),
    key<Config, &Config::https, &TlsListenConfig::listen>("https.listen",
                                                          SocketAddressesForm{https_allowed, https_address})
        .at_start(),
    key<Config, &Config::https, &TlsListenConfig::certificate>("https.certificate", certificate_form),
    key<Config, &Config::https, &TlsListenConfig::key>("https.key", private_key_form),
    section("tls", {R"({listen: ["192.168.1.2:853"], certificate: /etc/tacet/server.pem, key: /etc/tacet/server.key})",
                    "tls.listen"}),
    key<Config, &Config::tls, &TlsListenConfig::listen>("tls.listen", SocketAddressesForm{tls_allowed, tls_address})
        .at_start(),
    key<Config, &Config::tls, &TlsListenConfig::certificate>("tls.certificate", certificate_form),
    key<Config, &Config::tls, &TlsListenConfig::key>("tls.key", private_key_form),
    key<Config, &Config::proxy_protocol>(
        "proxy_protocol",
        PrefixesForm{"a list of prefixes such as [192.168.1.9, \"fd00::9\"], none twice", parse_prefix}),
    key<Config, &Config::workers>("workers", NumberForm{1, 64}).at_start(),
    key<Config, &Config::upstreams>("upstreams", UpstreamsForm{}),
    key<Config, &Config::proxy>("proxy", ProxyForm{}),
    key<Config, &Config::ladder>("ladder", WordForm{ladder_words}),
    key<Config, &Config::ladder_proxy>("ladder_proxy", ProxyForm{}),
    key<Config, &Config::bootstrap>("bootstrap", SocketAddressesForm{bootstrap_allowed, server_address}),
    key<Config, &Config::forward>("forward", ForwardForm{}),
    section("hosts", {"{file: /etc/hosts}"}),
    key<Config, &Config::hosts, &HostsConfig::file>(
        "hosts.file", PathForm{"an absolute path such as /etc/hosts, or \"\" for none", 4095, "", {}, is_directory}),
    section("rebind", {"{protect: true}", "rebind.protect"}),
    key<Config, &Config::rebind, &RebindConfig::protect>("rebind.protect", TruthForm{}),
    key<Config, &Config::rebind, &RebindConfig::allow>("rebind.allow",
                                                       NamesForm{zones_allowed, zone_to_trust, 0, "zone"}),
    section("dnssec", {"{mode: on}", "dnssec.mode"}),
    key<Config, &Config::dnssec, &DnssecConfig::mode>("dnssec.mode", WordForm{dnssec_mode_words}),
    key<Config, &Config::dnssec, &DnssecConfig::trust_anchors>("dnssec.trust_anchors",
                                                               NamesForm{trust_anchors_allowed, parse_trust_anchor}),
    key<Config, &Config::dnssec, &DnssecConfig::ignore>("dnssec.ignore", IgnoreForm{}),
    section("cache", {"{size: 32MiB}"}),
    key<Config, &Config::cache, &CacheConfig::size>("cache.size", SizeForm{"no cache"}),
    key<Config, &Config::cache, &CacheConfig::min_ttl>("cache.min_ttl", ttl),
    key<Config, &Config::cache, &CacheConfig::max_ttl>("cache.max_ttl", ttl),
    key<Config, &Config::cache, &CacheConfig::max_negative_ttl>("cache.max_negative_ttl", ttl),
    key<Config, &Config::cache, &CacheConfig::followers>("cache.followers", TruthForm{}),
    key<Config, &Config::cache, &CacheConfig::stale>("cache.stale", WordForm{stale_words}),
    section("log", {"{level: info}"}),
    key<Config, &Config::log, &LogConfig::level>("log.level", WordForm{log_level_words}),
    key<Config, &Config::log, &LogConfig::lines>("log.lines", NumberForm{0, 1000000, "any", "a minute"}),
    section("control", {"{socket: /run/tacet/control.sock}", "control.socket"}).at_start(),
    key<Config, &Config::control, &ControlConfig::socket>(
        "control.socket", PathForm{"an absolute path, or \"\" for no control socket", longest_socket_path}),
    key<Config, &Config::control, &ControlConfig::group>(
        "control.group", TextForm{"the name of a group, or \"\" for the program's own", longest_account_name}),
    section("metrics", {"{listen: \"127.0.0.1:9153\"}", "metrics.listen"}).at_start(),
    key<Config, &Config::metrics, &MetricsConfig::listen>("metrics.listen", LoopbackForm{9153}),
    key<Config, &Config::metrics, &MetricsConfig::names>("metrics.names", NamesForm{hosts_allowed, machine_name}),
    section("limits", {"{pending: 4096}"}),
    key<Config, &Config::limits, &LimitsConfig::tcp_clients>("limits.tcp_clients", NumberForm{1, 65536}),
    key<Config, &Config::limits, &LimitsConfig::pending>("limits.pending", NumberForm{1, 1U << 20}),
    key<Config, &Config::limits, &LimitsConfig::per_client>("limits.per_client", NumberForm{1, 1U << 20}),
    key<Config, &Config::limits, &LimitsConfig::rate>("limits.rate",
                                                      NumberForm{0, 1000000, "any", "queries per second"}),
    section("exposure", {"{mode: passive}", "exposure.mode"}),
    key<Config, &Config::exposure, &ExposureConfig::mode>("exposure.mode", WordForm{exposure_mode_words}),
    key<Config, &Config::exposure, &ExposureConfig::names>("exposure.names", NumberForm{16, 1U << 20}),
    key<Config, &Config::exposure, &ExposureConfig::log_names>("exposure.log_names", TruthForm{}),
    section("query_log", {"{to: /var/log/tacet/queries.log}", "query_log.to"}).at_start(),
    key<Config, &Config::query_log, &QueryLogConfig::to>(
        "query_log.to",
        PathForm{"off, journal or the absolute path of a file", longest_log_path, "is nowhere", query_log_words}),
    key<Config, &Config::query_log, &QueryLogConfig::clients>("query_log.clients", WordForm{disclosure_words}),
    key<Config, &Config::query_log, &QueryLogConfig::names>("query_log.names", WordForm{disclosure_words}),
    key<Config, &Config::query_log, &QueryLogConfig::max_size>("query_log.max_size", SizeForm{}),
    key<Config, &Config::query_log, &QueryLogConfig::keep>("query_log.keep", NumberForm{0, 100}),
    key<Config, &Config::user>("user", TextForm{"the name of a user, or \"\"", longest_account_name}).at_start(),
    key<Config, &Config::confine>("confine", TruthForm{}).at_start(),
    key<Config, &Config::nsid>("nsid", TextForm{"auto, 1 to 64 octets of text, or \"\" for none", 64}),
    key<Config, &Config::answer_chaos>("answer_chaos", TruthForm{}),
};

}  // namespace

std::string SectionForm::allowed() const { return fmt::format("a mapping such as {}", example); }

std::string allowed(const Form& form) {
  return std::visit([](const auto& one) { return one.allowed(); }, form);
}

std::span<const ConfigKey<Config>> config_keys() { return config_table; }
std::span<const ConfigKey<UpstreamConfig>> upstream_keys() { return upstream_table; }

const ConfigKey<Config>& config_key(std::string_view name) {
  return *std::ranges::find(config_table, name, &ConfigKey<Config>::name);
}

std::vector<std::string> known_keys() {
  std::vector<std::string> out;
  for (const auto& key : config_table) out.emplace_back(key.name);
  for (const auto& key : upstream_table) out.push_back(fmt::format("upstreams[].{}", key.name));
  return out;
}

}  // namespace tacet
