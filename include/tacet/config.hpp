#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tacet/ip_address.hpp"
#include "tacet/log_level.hpp"

namespace tacet {

/// An IP address and a port.
struct SocketAddress {
  IpAddress address;
  std::uint16_t port = 53;
  bool is_default = false;  ///< the user did not ask for it: skipped if the machine does not have it
  friend bool operator==(const SocketAddress&, const SocketAddress&) = default;
};
/// "127.0.0.1:53", "[::1]:53".
std::string to_string(const SocketAddress& address);

/// The protocol that a proxy speaks.
enum class ProxyKind : std::uint8_t { none, socks5, http };
/// A proxy that carries the connections to an upstream.
struct ProxyConfig {
  ProxyKind kind = ProxyKind::none;
  SocketAddress address;       ///< the port is always given
  std::string user, password;  ///< secret: shown nowhere
  bool is_used() const { return kind != ProxyKind::none; }
  friend bool operator==(const ProxyConfig&, const ProxyConfig&) = default;
};
/// "socks5://127.0.0.1:1080" without user name and password; "none".
std::string to_string(const ProxyConfig& proxy);

/// Where connections to a server leave this machine; at most one of both is given.
struct ViaConfig {
  std::string interface;             ///< a name such as "wg0"
  std::optional<IpAddress> address;  ///< one of this machine's own
  bool is_set() const { return !interface.empty() || address; }
  friend bool operator==(const ViaConfig&, const ViaConfig&) = default;
};
/// "wg0" or "192.0.2.7"; empty if nothing is given.
std::string to_string(const ViaConfig& via);

/// A block of IP addresses.
struct AddressPrefix {
  IpAddress address;    ///< bits behind the prefix are zero; with an interface, only those on its link
  unsigned length = 0;  ///< bits: 0 to 32, or to 128
  friend bool operator==(const AddressPrefix&, const AddressPrefix&) = default;
};
/// "192.168.1.0/24".
std::string to_string(const AddressPrefix& prefix);

/// The protocol between us and an upstream: DNS over HTTPS (RFC 8484), TLS (RFC 7858) or QUIC (RFC 9250).
enum class Encryption : std::uint8_t { doh, dot, doq };
/// "DoH", "DoT", "DoQ".
std::string_view to_string(Encryption encryption);

/// Whether the greeting (ClientHello) carries the server's name, in clear.
enum class Sni : std::uint8_t { send, omit };

/// One upstream entry: an operator's service over one transport, at one or several addresses.
struct UpstreamConfig {
  std::string url;  ///< as configured: "https://cloudflare-dns.com/dns-query", "tls://1.1.1.1"
  Encryption encryption = Encryption::doh;
  std::string host;  ///< host part of the URL, without brackets; a name or an address
  bool host_is_address = false;
  std::uint16_t port = 443;          ///< 443 for https, 853 for tls and quic, unless the URL says otherwise
  std::string path;                  ///< with query, for https; "/dns-query" if the URL has none
  std::vector<IpAddress> addresses;  ///< pinned; if empty, the host, which `bootstrap` resolves if it is a name
  std::string ca_file;               ///< PEM bundle; empty: the system's
  std::string operator_name;         ///< entries of the same operator form a group; default: the host
  Sni sni = Sni::send;               ///< `omit` if the host is an address, which is never sent
  ProxyConfig proxy;
  ViaConfig via;
  friend bool operator==(const UpstreamConfig&, const UpstreamConfig&) = default;
};

/// The server for the names of one zone: a plain DNS server, or an encrypted upstream. It is a type of its own, so that
/// no plain server can ever stand among `Config::upstreams`.
using ZoneServer = std::variant<SocketAddress, UpstreamConfig>;

/// A zone of the local network: its names go to its own servers and nowhere else.
struct ForwardZone {
  std::string zone;  ///< "corp.example", with all names below: lower case, ASCII, no final dot; never the root
  std::vector<ZoneServer> servers;  ///< at least one; all of them plain or all of them encrypted
  ViaConfig via;                    ///< of plain servers; each encrypted one has its own
  /// True if names of this zone travel unencrypted.
  bool in_clear() const { return std::holds_alternative<SocketAddress>(servers.front()); }
  friend bool operator==(const ForwardZone&, const ForwardZone&) = default;
};

/// What becomes of a network that blocks the upstreams: tacet climbs to another way, only says which one would work, or
/// does nothing.
enum class LadderMode : std::uint8_t { on, ask_only, off };

/// The file of names and addresses that is looked into before anything else.
struct HostsConfig {
  std::string file = "/etc/hosts";  ///< names that this machine knows by itself; empty: none
  friend bool operator==(const HostsConfig&, const HostsConfig&) = default;
};

/// Whether public names may lead into the local network.
struct RebindConfig {
  bool protect = false;            ///< refuse private addresses in upstreams' answers for public names
  std::vector<std::string> allow;  ///< zones with names that may have them: as ForwardZone::zone
  friend bool operator==(const RebindConfig&, const RebindConfig&) = default;
};

/// What becomes of signed answers (DNSSEC): they are taken as they come, they are checked beside the answer and only
/// counted, or they are proven before a client gets them.
enum class DnssecMode : std::uint8_t { off, log, on };

/// A zone whose names are not validated until a day has passed (a negative trust anchor, RFC 7646).
struct IgnoredZone {
  std::string zone;               ///< as ForwardZone::zone
  std::chrono::sys_days until{};  ///< the last day, UTC
  friend bool operator==(const IgnoredZone&, const IgnoredZone&) = default;
};

/// How signed answers are validated, and with which keys.
struct DnssecConfig {
  DnssecMode mode = DnssecMode::log;
  /// DS records ("corp.example. DS 12345 13 2 0123…") and absolute paths of files with DS or DNSKEY records. They
  /// replace the built-in anchors of their owner.
  std::vector<std::string> trust_anchors;
  std::vector<IgnoredZone> ignore;  ///< no zone twice
  friend bool operator==(const DnssecConfig&, const DnssecConfig&) = default;
};

/// When an expired answer goes out: if no fresh one comes in time, or at once while the fresh one is fetched.
enum class StaleUse : std::uint8_t { late, at_once };

/// What the cache keeps, and for how long.
struct CacheConfig {
  std::size_t size = 32U << 20;           ///< octets, with all parts of an entry; 0 turns the cache off
  std::uint32_t min_ttl = 0;              ///< seconds; raises served TTLs; an answer with TTL 0 is still not stored
  std::uint32_t max_ttl = 86400;          ///< seconds
  std::uint32_t max_negative_ttl = 3600;  ///< seconds, for NXDOMAIN and NODATA (RFC 2308 §5)
  bool followers = true;                  ///< learn which names follow another, and fetch them when it comes again
  StaleUse stale = StaleUse::late;
  friend bool operator==(const CacheConfig&, const CacheConfig&) = default;
};

/// How much the log says.
struct LogConfig {
  LogLevel level = LogLevel::info;
  std::uint32_t lines = 6000;  ///< a minute, above debug; further lines are held back and counted; 0: any number
  friend bool operator==(const LogConfig&, const LogConfig&) = default;
};

/// The Unix socket by which `tacet status` and its like ask a running tacet.
struct ControlConfig {
  std::string socket = "/run/tacet/control.sock";  ///< Unix socket path; empty: no control socket
  std::string group;  ///< its members may open the socket, besides root and our user; empty: the program's own group
  friend bool operator==(const ControlConfig&, const ControlConfig&) = default;
};

/// The page and the metrics by TCP.
struct MetricsConfig {
  std::optional<SocketAddress> listen;  ///< a loopback address, by TCP; nothing: only over the control socket
  std::vector<std::string> names;       ///< that browsers may use for it, besides localhost: lower case, no final dot
  friend bool operator==(const MetricsConfig&, const MetricsConfig&) = default;
};

/// How much clients may ask for at once.
struct LimitsConfig {
  std::size_t tcp_clients = 128;  ///< per worker; the longest idle is closed for a new one
  std::size_t pending = 4096;     ///< unanswered client queries per worker; beyond, the oldest gets SERVFAIL
  std::size_t per_client = 256;   ///< of these from one address (an IPv6 /64 behind a router), per TCP connection
  std::uint32_t rate = 1000;      ///< queries per second from one such address; 0: any
  friend bool operator==(const LimitsConfig&, const LimitsConfig&) = default;
};

/// Where the exposure ledger learns from: nothing, the clients' answers, or also questions of its own.
enum class ExposureMode : std::uint8_t { off, passive, active };

/// What the exposure ledger keeps: which names programs asked for, and what others can see of that.
struct ExposureConfig {
  ExposureMode mode = ExposureMode::passive;
  std::uint32_t names = 4096;  ///< that one worker keeps, at 512 octets each
  bool log_names = false;      ///< write each registrable domain to the log, once a day
  friend bool operator==(const ExposureConfig&, const ExposureConfig&) = default;
};

/// How much of private data is written: all of it, a part that many share, or nothing.
enum class Disclosure : std::uint8_t { show, mask, omit };

/// Where each query is written down, and how much of it.
struct QueryLogConfig {
  std::string to = "off";                 ///< "off", "journal" (standard output), or the absolute path of a file
  Disclosure clients = Disclosure::show;  ///< masked: their network, /24 or /48
  Disclosure names = Disclosure::show;    ///< masked: the registrable domain
  std::size_t max_size = 16U << 20;       ///< octets of a file; then it is rotated
  unsigned keep = 3;                      ///< rotated files

  bool on() const { return to != "off"; }
  friend bool operator==(const QueryLogConfig&, const QueryLogConfig&) = default;
};

/// Where clients can ask over an encrypted transport, and what proves our identity to them.
struct TlsListenConfig {
  std::vector<SocketAddress> listen;  ///< by TCP; empty: this transport is off
  std::string certificate;            ///< PEM file: our certificate, then those that lead to its authority
  std::string key;                    ///< PEM file with the private key
  friend bool operator==(const TlsListenConfig&, const TlsListenConfig&) = default;
};

/// All settings. `tacet run` without a file uses Config::defaults().
struct Config {
  std::vector<SocketAddress> listen;
  std::vector<AddressPrefix> allow;           ///< clients besides this machine; no prefix twice
  TlsListenConfig https;                      ///< DNS over HTTPS (RFC 8484), path /dns-query
  TlsListenConfig tls;                        ///< DNS over TLS (RFC 7858)
  std::vector<AddressPrefix> proxy_protocol;  ///< front ends that tell the client's address by PROXY protocol v2
  unsigned workers = 1;
  std::vector<UpstreamConfig> upstreams;
  ProxyConfig proxy;  ///< of each of `upstreams` that says nothing else
  LadderMode ladder = LadderMode::on;
  ProxyConfig ladder_proxy;              ///< only for a network that blocks the direct ways
  std::vector<SocketAddress> bootstrap;  ///< plain DNS servers that resolve upstream host names without `addresses`
  std::vector<ForwardZone> forward;      ///< no zone twice
  HostsConfig hosts;
  RebindConfig rebind;
  DnssecConfig dnssec;
  CacheConfig cache;
  LogConfig log;
  ControlConfig control;
  MetricsConfig metrics;
  LimitsConfig limits;
  ExposureConfig exposure;
  QueryLogConfig query_log;
  std::string user;  ///< the user that replaces root after the start; empty: "tacet" if it exists, otherwise "nobody"
  bool confine = true;        ///< give up all rights that a resolver does not need, once the sockets are open
  std::string nsid;           ///< what names this server to clients that ask; "auto": the host's name; empty: nothing
  bool answer_chaos = false;  ///< answer version.bind and id.server in class CH

  /// 127.0.0.1:53 and [::1]:53; Cloudflare by DoH, then by DoT.
  static Config defaults();
  friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace tacet
