#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "doctor/finding.hpp"

namespace tacet {

/// What this machine says of its own DNS. Pure data.
struct HostFacts {
  std::string resolv_conf;                 ///< the text of /etc/resolv.conf
  std::vector<std::string> nameservers;    ///< in it
  bool nss_asks_resolved = false;          ///< programs ask systemd-resolved without that file
  std::vector<std::string> other_servers;  ///< that resolved may ask for any name beside tacet: "192.0.2.1 (of eth0)"
  std::string links_advice;  ///< if links claim every name: what lets go of them, or `tacet install` refuses
  std::vector<std::string> link_domains;   ///< "office.example to 192.0.2.1 (of eth0)"
  std::vector<std::string> own_addresses;  ///< where a tacet answers at port 53; empty if none runs
  /// Whether names that a program asks for arrive at tacet; nothing if no tacet runs.
  std::optional<bool> names_arrive;
  std::string names_trouble;  ///< why not
};

/// Container engines on this machine.
struct ContainerFacts {
  bool has_docker = false;
  std::string daemon_json;  ///< the text of /etc/docker/daemon.json; empty if there is none
  bool only_loopback = false;
};

/// A network interface and its addresses.
struct InterfaceFacts {
  std::string name;
  std::vector<std::string> addresses;
};

/// `host.names`, `host.resolv_conf`, `host.links`: whether this machine's programs ask tacet, and nobody else.
std::vector<Finding> judge_host(const HostFacts& facts);
/// `host.docker`: whether containers ask tacet.
std::vector<Finding> judge_containers(const ContainerFacts& facts);
/// `warp`: whether Cloudflare's WARP carries the traffic, and whether it takes DNS for itself. `traced`: what
/// Cloudflare's servers see of it: "off", "on", "plus"; empty if they were not asked.
std::vector<Finding> judge_warp(const std::vector<InterfaceFacts>& interfaces, const HostFacts& host,
                                std::string_view traced);

/// The time of day as others see it.
struct ClockFacts {
  WallTime now;
  bool is_set = true;                ///< false: it is before the day on which this program was made
  std::optional<bool> synchronised;  ///< what the kernel says; nothing if it does not say
  /// The validity of signatures that just came: from, until. The true time lies inside.
  std::vector<std::pair<WallTime, WallTime>> signatures;
};
/// True if the clock cannot be right.
bool is_wrong(const ClockFacts& facts);
/// `clock`: a wrong clock makes valid certificates and signatures invalid.
Finding judge_clock(const ClockFacts& facts);

}  // namespace tacet
