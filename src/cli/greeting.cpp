#include "cli/greeting.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "base/phrase.hpp"
#include "config/url.hpp"

namespace tacet {
namespace {

std::string serves(const Config& config, const Phrases& listening) {
  Phrases clients{"this machine"};
  for (const AddressPrefix& prefix : config.allow) clients.push_back(to_string(prefix));
  return fmt::format("Serves  {}, at {}, by UDP and TCP", list_of(clients), list_of(listening));
}

std::string asks(const Config& config) {
  Phrases ways;
  for (const UpstreamConfig& upstream : config.upstreams)
    add_once(ways, fmt::format("{} by {}", upstream.operator_name, to_string(upstream.encryption)));
  return fmt::format("Asks    {}; always encrypted", fmt::join(ways, ", then "));
}

/// What the network still sees because of this configuration.
std::string shows(const Config& config) {
  Phrases names, looked_up, zones;
  for (const UpstreamConfig& upstream : config.upstreams) {
    if (upstream.sni == Sni::send && !upstream.host_is_address) add_once(names, upstream.host);
    if (needs_bootstrap(upstream)) add_once(looked_up, upstream.host);
  }
  for (const ForwardZone& zone : config.forward)
    if (zone.in_clear()) zones.push_back(zone.zone);
  Phrases parts{names.empty() ? "the addresses of these servers" : fmt::format("that you use {}", list_of(names))};
  if (!looked_up.empty()) parts.push_back(fmt::format("a look-up of {} in clear", list_of(looked_up)));
  if (!zones.empty()) parts.push_back(fmt::format("names of {} in clear", list_of(zones)));
  parts.emplace_back("the sites that programs then connect to");
  return fmt::format("Shows   others still see {}", list_of(parts));
}

/// An address that a program on this machine can ask: loopback if there is one.
SocketAddress to_ask(const Config& config) {
  const auto is_near = [](const SocketAddress& address) { return address.address.is_loopback(); };
  const auto near = std::ranges::find_if(config.listen, is_near);
  return near != config.listen.end() ? *near : config.listen.front();
}

std::string next(const Config& config) {
  const SocketAddress address = to_ask(config);
  const auto port = address.port == 53 ? std::string() : fmt::format(" -p {}", address.port);
  std::string text = fmt::format("Try     dig @{}{} example.com", address.address.to_string(), port);
  const Config defaults = Config::defaults();
  if (!config.control.socket.empty())
    text += config.control.socket == defaults.control.socket
                ? ", tacet status"
                : fmt::format(", tacet status --socket {}", config.control.socket);
  if (config.metrics.listen) text += fmt::format(", http://{}/", to_string(*config.metrics.listen));
  return text + "; sudo tacet install makes all programs ask it; Ctrl-C ends it";
}

}  // namespace

std::string greeting(const Config& config, const std::vector<std::string>& listening) {
  return fmt::format("{}\n{}\n{}\n{}\n", serves(config, listening), asks(config), shows(config), next(config));
}

}  // namespace tacet
