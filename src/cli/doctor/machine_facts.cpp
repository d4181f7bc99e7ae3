#include "cli/doctor/machine_facts.hpp"

#include <fmt/format.h>
#include <ifaddrs.h>
#include <sys/timex.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/file_text.hpp"
#include "cli/ask/control_client.hpp"
#include "cli/ask/parsed_json.hpp"
#include "cli/setup/command.hpp"
#include "cli/setup/dns_manager.hpp"
#include "cli/setup/link_advice.hpp"
#include "cli/setup/name_sources.hpp"
#include "cli/setup/own_names.hpp"
#include "cli/setup/resolved_servers.hpp"
#include "config/address.hpp"
#include "dnssec/validity.hpp"
#include "tacet/ip_address.hpp"

namespace tacet {
namespace {

constexpr std::chrono::seconds names_patience(4);

/// The files that keep what the network announced while tacet (or another resolver) is in /etc/resolv.conf.
constexpr std::array<const char*, 4> announcements{"/run/systemd/resolve/resolv.conf",
                                                   "/run/NetworkManager/no-stub-resolv.conf",
                                                   "/var/lib/tacet/install/before/etc/resolv.conf", "/etc/resolv.conf"};

/// The addresses at which the running tacet listens at port 53.
std::vector<std::string> listening(const ParsedJson& status) {
  std::vector<std::string> addresses;
  for (const auto& text : status.at("listen").get<std::vector<std::string>>()) {
    const auto address = parse_socket_address(text, 53);
    if (address && address->port == 53) addresses.push_back(address->address.to_string());
  }
  return addresses;
}

std::string own_server(const HostFacts& facts) {
  return facts.own_addresses.empty() ? std::string() : facts.own_addresses.front();
}

}  // namespace

std::vector<SocketAddress> network_resolvers(const std::vector<std::string>& own) {
  std::vector<SocketAddress> found;
  for (const char* path : announcements)
    for (const auto& server : nameservers(file_text(path))) {
      const auto address = parse_server_address(server, 53);
      if (!address || address->address.is_loopback() ||
          std::ranges::find(own, address->address.to_string()) != own.end())
        continue;
      if (std::ranges::find(found, *address) == found.end()) found.push_back(*address);
    }
  return found;
}

HostFacts host_facts(const std::string& socket) {
  HostFacts facts{.resolv_conf = resolv_conf_text("")};
  facts.nameservers = nameservers(facts.resolv_conf);
  facts.nss_asks_resolved = resolved_is_in_use("");
  const auto status = ask(socket, {.method = "GET", .path = "/status"});
  if (!status) {
    facts.names_trouble = status.error().detail;
    return facts;
  }
  facts.own_addresses = listening(*status);
  const std::string server = own_server(facts);
  if (const auto scopes = resolved_scopes()) {
    facts.other_servers = other_servers(*scopes, server);
    facts.links_advice = advice_on_links(*scopes, server);
    facts.link_domains = domains_of_links(*scopes, server);
  }
  return facts;
}

Result<void> names_reach_tacet(const HostFacts& facts, const std::string& socket) {
  return names_arrive(own_server(facts), socket, names_patience);
}

ContainerFacts container_facts(const HostFacts& host) {
  std::error_code error;
  const auto loopback = [](const std::string& server) {
    const auto address = IpAddress::from_text(server);
    return address && address->is_loopback();
  };
  return {.has_docker = std::filesystem::exists("/var/run/docker.sock", error) ||
                        std::filesystem::exists("/usr/bin/dockerd", error),
          .daemon_json = file_text("/etc/docker/daemon.json"),
          .only_loopback = !host.nameservers.empty() && std::ranges::all_of(host.nameservers, loopback)};
}

std::vector<InterfaceFacts> interface_facts() {
  std::vector<InterfaceFacts> found;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return found;
  for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr) continue;
    auto known = std::ranges::find(found, each->ifa_name, &InterfaceFacts::name);
    if (known == found.end()) known = found.insert(found.end(), {each->ifa_name, {}});
    if (const auto address = IpAddress::from_kernel(*each->ifa_addr)) known->addresses.push_back(address->to_string());
  }
  ::freeifaddrs(list);
  return found;
}

PortalFacts portal_facts() {
  constexpr int portal = 2;  // NMConnectivityState
  PortalFacts facts;
  const auto said =
      output_of({.words = {"busctl", "--timeout=2", "get-property", "org.freedesktop.NetworkManager",
                           "/org/freedesktop/NetworkManager", "org.freedesktop.NetworkManager", "Connectivity"}});
  if (said && *said == fmt::format("u {}\n", portal)) facts.word = "NetworkManager says that a portal is in the way";
  constexpr std::string_view key = "CAPTIVE_PORTAL=";
  std::error_code error;
  for (const auto& link : std::filesystem::directory_iterator("/run/systemd/netif/links", error)) {
    std::ifstream file(link.path());
    for (std::string line; std::getline(file, line);)
      if (line.starts_with(key)) facts.page = line.substr(key.size());
  }
  return facts;
}

ClockFacts clock_facts() {
  const SystemClock clock;
  ClockFacts facts{.now = clock.wall_time()};
  facts.is_set = clock_is_set(facts.now);
  timex state{};
  const int said = ::adjtimex(&state);
  if (said >= 0) facts.synchronised = said != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
  return facts;
}

}  // namespace tacet
