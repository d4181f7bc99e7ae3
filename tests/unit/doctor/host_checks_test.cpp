#include "doctor/host_checks.hpp"

#include <doctest/doctest.h>

using namespace tacet;

namespace {

HostFacts well() { return {.nameservers = {"127.0.0.1"}, .own_addresses = {"127.0.0.1"}, .names_arrive = true}; }

Severity severity_of(const std::vector<Finding>& findings, std::string_view check) {
  for (const auto& finding : findings)
    if (finding.check == check) return finding.severity;
  FAIL("no finding for ", check);
  return Severity::unknown;
}

}  // namespace

TEST_CASE("A machine whose programs ask tacet is well") {
  CHECK(exit_status(judge_host(well())) == 0);
  auto resolved = well();
  resolved.nameservers = {"127.0.0.53"};
  resolved.nss_asks_resolved = true;
  CHECK(exit_status(judge_host(resolved)) == 0);
}

TEST_CASE("Names that go elsewhere are a failure, although /etc/resolv.conf names tacet") {
  auto facts = well();
  facts.names_arrive = false;
  CHECK(severity_of(judge_host(facts), "host.names") == Severity::failure);
  CHECK(severity_of(judge_host(facts), "host.resolv_conf") == Severity::ok);
}

TEST_CASE("Another server beside tacet is a warning, in the file or at a link") {
  auto file = well();
  file.nameservers.emplace_back("192.0.2.1");
  CHECK(severity_of(judge_host(file), "host.resolv_conf") == Severity::warning);
  auto link = well();
  link.other_servers = {"192.0.2.1 (of eth0)"};
  CHECK(severity_of(judge_host(link), "host.links") == Severity::warning);
}

TEST_CASE("Where a link claims every name the advice is about the link, because install refuses as long as it does") {
  auto facts = well();
  facts.nss_asks_resolved = true;
  facts.other_servers = {"192.0.2.1 (of eth0)"};
  facts.links_advice = "sudo resolvectl domain eth0 ''";
  CHECK(judge_host(facts)[2].remedy == facts.links_advice);
  facts.links_advice.clear();
  CHECK(judge_host(facts)[2].remedy == "sudo tacet install");
}

TEST_CASE("A machine without a running tacet is told how to start it") {
  HostFacts facts{.nameservers = {"192.0.2.1"}};
  const auto found = judge_host(facts);
  CHECK(severity_of(found, "host.names") == Severity::warning);
  CHECK(severity_of(found, "host.resolv_conf") == Severity::note);
}

TEST_CASE("Docker that would fall back to a public server is a warning") {
  CHECK(judge_containers({}).empty());
  CHECK(judge_containers({.has_docker = true, .daemon_json = "", .only_loopback = true})[0].severity ==
        Severity::warning);
  CHECK(judge_containers({.has_docker = true, .daemon_json = R"({"dns": ["172.17.0.1"]})", .only_loopback = true})[0]
            .severity == Severity::note);
}

TEST_CASE("WARP is told from its interface, and from the servers that it writes") {
  CHECK(judge_warp({{"eth0", {"192.0.2.7"}}}, well(), "").empty());
  CHECK(judge_warp({{"CloudflareWARP", {}}}, well(), "")[0].severity == Severity::note);
  CHECK(judge_warp({{"wgcf", {"172.16.0.2"}}}, well(), "")[0].severity == Severity::note);
  auto taken = well();
  taken.nameservers = {"127.0.2.2", "127.0.2.3"};
  CHECK(judge_warp({}, taken, "")[0].severity == Severity::warning);
}

TEST_CASE("A clock outside of most signatures is wrong, and one strange signature is not") {
  using namespace std::chrono;
  const WallTime now = sys_days(2026y / November / 28);
  const std::pair<WallTime, WallTime> valid{now - days(1), now + days(10)}, over{now - days(20), now - days(10)};
  CHECK(judge_clock({.now = now, .signatures = {valid, valid, over}}).severity == Severity::ok);
  CHECK(judge_clock({.now = now, .signatures = {over, over, valid}}).severity == Severity::failure);
  CHECK(judge_clock({.now = now, .is_set = false}).severity == Severity::failure);
  CHECK(judge_clock({.now = now}).severity == Severity::unknown);
}
