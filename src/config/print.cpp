#include "config/print.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "config/scalar.hpp"

namespace tacet {
namespace {

/// A double-quoted YAML scalar: the one form in which no text means anything else.
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char octet : text) {
    if (octet == '"' || octet == '\\') out += '\\';
    out += octet;
  }
  return out + "\"";
}

std::string list(const std::vector<std::string>& texts) {
  std::vector<std::string> out;
  std::ranges::transform(texts, std::back_inserter(out), in_quotes);
  return fmt::format("[{}]", fmt::join(out, ", "));
}

std::string list(const std::vector<SocketAddress>& addresses) {
  std::vector<std::string> out;
  for (const auto& address : addresses) out.push_back(to_string(address));
  return list(out);
}

std::string list(const std::vector<AddressPrefix>& prefixes) {
  std::vector<std::string> out;
  for (const auto& prefix : prefixes) out.push_back(to_string(prefix));
  return list(out);
}

std::string_view word(Sni sni) { return sni == Sni::send ? "send" : "omit"; }

std::string_view word(LogLevel level) {
  switch (level) {
    case LogLevel::error:
      return "error";
    case LogLevel::warn:
      return "warn";
    case LogLevel::info:
      return "info";
    case LogLevel::debug:
      break;
  }
  return "debug";
}

std::string_view word(ExposureMode mode) {
  switch (mode) {
    case ExposureMode::off:
      return "off";
    case ExposureMode::passive:
      return "passive";
    case ExposureMode::active:
      break;
  }
  return "active";
}

std::string_view word(Disclosure disclosure) {
  switch (disclosure) {
    case Disclosure::show:
      return "show";
    case Disclosure::mask:
      return "mask";
    case Disclosure::omit:
      break;
  }
  return "omit";
}

std::string query_log_lines(const QueryLogConfig& log) {
  const bool is_word = log.to == "off" || log.to == "journal";
  auto out = fmt::format("query_log:\n  to: {}\n  clients: {}\n  names: {}\n", is_word ? log.to : in_quotes(log.to),
                         word(log.clients), word(log.names));
  if (log.to == "journal") return out;  // the journal has its own
  return out + fmt::format("  max_size: {}\n  keep: {}\n", size_text(log.max_size), log.keep);
}

std::string listen_line(const std::vector<SocketAddress>& listen) {
  const bool by_default = std::ranges::all_of(listen, &SocketAddress::is_default);
  return fmt::format("{}listen: {}{}\n", by_default ? "# " : "", list(listen),
                     by_default ? "  # by default, as far as the machine has the family" : "");
}

/// A list item, `indent` spaces from the margin.
std::string upstream_lines(const UpstreamConfig& upstream, std::size_t indent) {
  return fmt::format(
      "{0:{1}}- url: {2}\n{0:{1}}  addresses: {3}\n{0:{1}}  ca_file: {4}\n{0:{1}}  operator: {5}\n"
      "{0:{1}}  sni: {6}{7}\n",
      "", indent, in_quotes(upstream.url), list(upstream.addresses), in_quotes(upstream.ca_file),
      in_quotes(upstream.operator_name), word(upstream.sni),
      upstream.host_is_address ? "  # an address is never sent" : "");
}

std::string server_lines(const ZoneServer& server) {
  if (const auto* upstream = std::get_if<UpstreamConfig>(&server)) return upstream_lines(*upstream, 4);
  return fmt::format("    - {}\n", in_quotes(to_string(std::get<SocketAddress>(server))));
}

std::string forward_lines(const std::vector<ForwardZone>& zones) {
  if (zones.empty()) return "forward: {}\n";
  std::string out = "forward:\n";
  for (const auto& zone : zones) {
    out += fmt::format("  {}:{}\n", in_quotes(zone.zone), zone.in_clear() ? "  # its names travel in clear" : "");
    for (const auto& server : zone.servers) out += server_lines(server);
  }
  return out;
}

std::string cache_lines(const CacheConfig& cache) {
  return fmt::format("cache:\n  size: {}\n  min_ttl: {}\n  max_ttl: {}\n  max_negative_ttl: {}\n",
                     size_text(cache.size), cache.min_ttl, cache.max_ttl, cache.max_negative_ttl);
}

std::string limits_lines(const LimitsConfig& limits) {
  return fmt::format("limits:\n  tcp_clients: {}\n  pending: {}\n  per_client: {}\n  rate: {}\n", limits.tcp_clients,
                     limits.pending, limits.per_client, limits.rate);
}

}  // namespace

std::string to_yaml(const Config& config) {
  auto out = listen_line(config.listen) +
             fmt::format("allow: {}\nworkers: {}\nupstreams:\n", list(config.allow), config.workers);
  for (const auto& upstream : config.upstreams) out += upstream_lines(upstream, 2);
  out += fmt::format("bootstrap: {}\n", list(config.bootstrap)) + forward_lines(config.forward);
  out += fmt::format("hosts:\n  file: {}\n", in_quotes(config.hosts.file));
  out += fmt::format("rebind:\n  protect: {}\n  allow: {}\n", config.rebind.protect, list(config.rebind.allow));
  out += cache_lines(config.cache);
  out += fmt::format("log:\n  level: {}\n  lines: {}\n", word(config.log.level), config.log.lines);
  out += fmt::format("control:\n  socket: {}\n  group: {}\n", in_quotes(config.control.socket),
                     in_quotes(config.control.group));
  const auto& metrics = config.metrics.listen;
  out += fmt::format("metrics:\n  listen: {}\n", in_quotes(metrics ? to_string(*metrics) : std::string()));
  out += limits_lines(config.limits);
  out += fmt::format("exposure:\n  mode: {}\n  names: {}\n  log_names: {}\n", word(config.exposure.mode),
                     config.exposure.names, config.exposure.log_names);
  out += query_log_lines(config.query_log);
  out += fmt::format("user: {}\nconfine: {}\n", in_quotes(config.user), config.confine);
  return out + fmt::format("answer_chaos: {}\n", config.answer_chaos);
}

}  // namespace tacet
