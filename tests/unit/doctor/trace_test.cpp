#include "doctor/trace.hpp"

#include <doctest/doctest.h>

#include "doctor/host_checks.hpp"

using namespace tacet;

namespace {

constexpr auto page =
    "fl=123f4\nh=1.1.1.1\nip=203.0.113.7\nts=1764340000.1\nvisit_scheme=https\nuag=\ncolo=FRA\nsliver=none\n"
    "http=http/2\nloc=DE\ntls=TLSv1.3\nsni=off\nwarp=off\ngateway=off\nrbi=off\nkex=X25519\n";

}  // namespace

TEST_CASE("A trace is read whatever the order of its lines and their number") {
  const auto trace = read_trace(page);
  REQUIRE(trace);
  CHECK(to_string(*trace) == "FRA, sees 203.0.113.7 (DE), TLSv1.3 with X25519, SNI off, WARP off");
  CHECK(trace->http == "http/2");
  const auto other = read_trace("warp=plus\nnew=key\ncolo=MUC\nip=2001:db8::7");
  REQUIRE(other);
  CHECK(other->warp == "plus");
  CHECK(to_string(*other) == "MUC, sees 2001:db8::7, WARP plus");
  for (const char* no_trace : {"", "<html>colo=FRA</html>", "colo=FRA", "404 not found\nip=1"})
    CHECK_FALSE(read_trace(no_trace));
  CHECK(read_trace("colo=F\033[31m\nip=1")->site == "F?[31m");
}

TEST_CASE("WARP is told from its interface and from what Cloudflare sees, which can differ") {
  const HostFacts host;
  const std::vector<InterfaceFacts> tunnel{{"CloudflareWARP", {"172.16.0.2"}}}, none{{"eth0", {"192.0.2.7"}}};
  CHECK(judge_warp(none, host, "off").empty());
  CHECK(judge_warp(none, host, "").empty());
  CHECK(judge_warp(tunnel, host, "on").front().seen.find("warp=on") != std::string::npos);
  CHECK(judge_warp(tunnel, host, "off").front().means.find("does not go through it") != std::string::npos);
  REQUIRE(judge_warp(none, host, "plus").size() == 1);
  CHECK(judge_warp(none, host, "plus").front().means.find("carries") != std::string::npos);
}
