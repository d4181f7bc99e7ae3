#include "doctor/host_checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace tacet {
namespace {

Finding judge_names(const HostFacts& facts) {
  Finding finding{.check = "host.names", .asked = "fresh names, as programs ask: getaddrinfo()"};
  if (!facts.names_arrive) {
    finding.severity = Severity::warning;
    finding.seen = facts.names_trouble.empty() ? "no tacet runs here" : facts.names_trouble;
    finding.means = "this machine's programs do not ask tacet";
    finding.remedy = "sudo systemctl enable --now tacet.socket tacet.service, then sudo tacet install";
  } else if (*facts.names_arrive) {
    finding.severity = Severity::ok;
    finding.seen = "tacet counted them";
    finding.means = "programs of this machine ask tacet";
  } else {
    const bool can_be_asked = !facts.own_addresses.empty();
    finding.severity = Severity::failure;
    finding.seen = facts.names_trouble;
    finding.means = fmt::format("tacet runs{}, and programs ask somebody else",
                                can_be_asked ? "" : " at another port than 53, which programs use");
    finding.remedy = can_be_asked ? "sudo tacet install"
                                  : "let it listen at 127.0.0.1:53 and run sudo tacet install, or let the program that "
                                    "has port 53 ask tacet";
  }
  return finding;
}

bool is_ours(const HostFacts& facts, const std::string& server) {
  return std::ranges::find(facts.own_addresses, server) != facts.own_addresses.end();
}

Finding judge_resolv_conf(const HostFacts& facts) {
  Finding finding{.check = "host.resolv_conf", .asked = "/etc/resolv.conf"};
  std::vector<std::string> others;
  for (const auto& server : facts.nameservers)
    if (!is_ours(facts, server) && !is_resolved_stub(server)) others.push_back(server);
  finding.seen =
      facts.nameservers.empty() ? "names no server" : fmt::format("names {}", fmt::join(facts.nameservers, ", "));
  if (facts.nameservers.empty()) {
    const bool leads_to_us = is_ours(facts, "127.0.0.1");
    finding.severity = leads_to_us ? Severity::note : Severity::warning;
    finding.means = fmt::format("the C library asks 127.0.0.1 then, where {}; other programs may find no server at all",
                                leads_to_us ? "tacet answers" : "no tacet answers");
    finding.remedy = "sudo tacet install";
  } else if (others.empty()) {
    finding.severity = Severity::ok;
    finding.means = "the C library of this machine asks tacet, or systemd-resolved";
  } else if (facts.own_addresses.empty()) {
    finding.severity = Severity::note;
    finding.means = "no tacet runs here that it could name";
  } else {
    finding.severity = Severity::warning;
    finding.seen += signed_by(facts.resolv_conf);  // who writes behind us
    finding.means = fmt::format("programs may ask {} in clear, beside tacet or in its place", fmt::join(others, ", "));
    finding.remedy = "sudo tacet install";
  }
  return finding;
}

Finding judge_links(const HostFacts& facts) {
  Finding finding{.check = "host.links", .asked = "systemd-resolved: the servers of each link"};
  if (!facts.other_servers.empty()) {
    finding.severity = Severity::warning;
    finding.seen = fmt::format("{}", fmt::join(facts.other_servers, ", "));
    finding.means = "resolved may ask these for any name, in clear";
    finding.remedy = facts.links_advice.empty() ? "sudo tacet install" : facts.links_advice;
  } else {
    finding.severity = Severity::ok;
    finding.seen = "no other server for all names";
    finding.means = "no link takes names away";
  }
  return finding;
}

Finding judge_link_domains(const HostFacts& facts) {
  return {.check = "host.domains",
          .severity = Severity::note,
          .asked = "systemd-resolved: the domains of each link",
          .seen = fmt::format("{}", fmt::join(facts.link_domains, ", ")),
          .means = "these names go to the link's own servers, as a VPN or a company wants it",
          .remedy = "to see them in tacet too, write them under forward in its configuration"};
}

bool is_warp(const InterfaceFacts& each) {
  const auto from_warp = [](const std::string& address) {
    return address == "172.16.0.2" || address.starts_with("2606:4700:110:");
  };
  return each.name == "CloudflareWARP" || std::ranges::any_of(each.addresses, from_warp);
}

}  // namespace

bool is_resolved_stub(std::string_view server) { return server == "127.0.0.53" || server == "127.0.0.54"; }

std::string signed_by(std::string_view text) {
  const auto line = text.substr(0, text.find('\n'));
  return line.starts_with('#') ? fmt::format(" (its first line: {})", line) : std::string();
}

std::vector<Finding> judge_host(const HostFacts& facts) {
  std::vector<Finding> findings{judge_names(facts), judge_resolv_conf(facts)};
  if (facts.nss_asks_resolved || !facts.other_servers.empty()) findings.push_back(judge_links(facts));
  if (!facts.link_domains.empty()) findings.push_back(judge_link_domains(facts));
  return findings;
}

std::vector<Finding> judge_containers(const ContainerFacts& facts) {
  if (!facts.has_docker) return {};
  Finding finding{.check = "host.docker", .asked = "/etc/docker/daemon.json"};
  if (facts.daemon_json.find("\"dns\"") != std::string::npos) {
    finding.severity = Severity::note;
    finding.seen = "it names DNS servers";
    finding.means = "containers ask those; check that one of them is tacet";
  } else if (facts.only_loopback) {
    finding.severity = Severity::warning;
    finding.seen = "it names no DNS server, and this machine's server is on loopback";
    finding.means =
        "Docker before version 28 gives containers 8.8.8.8 then, in clear; newer versions pass the "
        "questions to this machine";
    finding.remedy =
        "let tacet listen on the bridge's address (listen: 172.17.0.1, allow: 172.16.0.0/12), and name "
        "it in daemon.json: {\"dns\": [\"172.17.0.1\"]}";
  } else {
    finding.severity = Severity::ok;
    finding.seen = "it names no DNS server";
    finding.means = "containers ask the servers of this machine";
  }
  return {finding};
}

std::vector<Finding> judge_warp(const std::vector<InterfaceFacts>& interfaces, const HostFacts& host,
                                std::string_view traced) {
  const auto warp = std::ranges::find_if(interfaces, is_warp);
  const bool takes_dns = std::ranges::any_of(
      host.nameservers, [](const std::string& server) { return server == "127.0.2.2" || server == "127.0.2.3"; });
  const bool is_carried = traced == "on" || traced == "plus";
  if (warp == interfaces.end() && !takes_dns && !is_carried) return {};
  Finding finding{.check = "warp",
                  .severity = Severity::note,
                  .asked = "interfaces, /etc/resolv.conf, and the trace of Cloudflare's servers"};
  if (warp != interfaces.end()) finding.seen = fmt::format("the interface {}", warp->name);
  if (!traced.empty()) finding.seen += fmt::format("{}warp={}", finding.seen.empty() ? "" : ", ", traced);
  finding.means =
      "Cloudflare's WARP carries this machine's traffic, tacet's too; its tunnel may be slower than the "
      "direct path: see tacet doctor --paths";
  if (traced == "off") finding.means = "WARP's interface is there, and tacet's traffic does not go through it";
  if (takes_dns) {
    finding.severity = Severity::warning;
    finding.seen += finding.seen.empty() ? "" : ", and ";
    finding.seen += "WARP's own DNS server in /etc/resolv.conf";
    finding.means = "WARP answers this machine's programs, and tacet does not";
    finding.remedy = "let WARP leave DNS alone (warp-cli mode tunnel_only, or proxy); then sudo tacet install";
  }
  return {finding};
}

namespace {

/// The signatures that are not valid now.
std::ptrdiff_t outside_of(const ClockFacts& facts) {
  return std::ranges::count_if(
      facts.signatures, [&](const auto& window) { return facts.now < window.first || facts.now > window.second; });
}

}  // namespace

bool is_wrong(const ClockFacts& facts) {
  constexpr std::size_t least = 3;
  return !facts.is_set || (facts.signatures.size() >= least &&
                           outside_of(facts) * 2 > static_cast<std::ptrdiff_t>(facts.signatures.size()));
}

Finding judge_clock(const ClockFacts& facts) {
  Finding finding{.check = "clock", .asked = "the clock of this machine, against signatures that just came"};
  const auto outside = outside_of(facts);
  const auto total = static_cast<std::ptrdiff_t>(facts.signatures.size());
  finding.seen = fmt::format(
      "{} of {} signatures are valid now{}", total - outside, total,
      facts.synchronised ? (*facts.synchronised ? ", the clock is kept right" : ", nobody keeps the clock right") : "");
  if (is_wrong(facts)) {
    finding.severity = Severity::failure;
    finding.means = "the clock is wrong, so that valid certificates and signatures look invalid";
    finding.remedy =
        "set it (timedatectl set-ntp true); give the time server by its address, or names cannot be "
        "looked up before the clock is right";
  } else if (total > 0 && facts.synchronised && !*facts.synchronised) {
    finding.severity = Severity::note;
    finding.means = "the clock is right now and will drift";
    finding.remedy = "timedatectl set-ntp true";
  } else {
    finding.severity = total > 0 ? Severity::ok : Severity::unknown;
    finding.means = total > 0 ? "the clock is right" : "nothing came to compare it with";
  }
  return finding;
}

}  // namespace tacet
