#include "observe/site_watch.hpp"

#include <doctest/doctest.h>

using namespace tacet;

namespace {

constexpr Instant start = Instant(std::chrono::hours(1));
constexpr const char* address = "192.0.2.1:853";

UpstreamConfig upstream(const char* url) {
  UpstreamConfig made;
  made.url = url;
  return made;
}

const UpstreamConfig one = upstream("tls://one"), two = upstream("tls://two");

}  // namespace

TEST_CASE("The site is the part of a server's name that its neighbours share") {
  CHECK(site_in("res100.fra.rrdns.pch.net") == "fra.rrdns.pch.net");
  CHECK(site_in("47m81") == "47m");
  CHECK(site_in("anexia-fra-2") == "anexia-fra");
  for (const char* whole : {"", "gpdns-fra", "fra", "fra.example", "m1", "47m", "12", "a1"})
    CHECK(site_in(whole) == whole);
}

TEST_CASE("Another site at the same address is a change, and another server of the same site is none") {
  SiteWatch watch;
  watch.saw(one, address, "res1.fra.pch.net", "home", start);
  watch.saw(one, address, "res2.fra.pch.net", "home", start);
  REQUIRE(watch.sites().size() == 1);
  CHECK(watch.sites().front().server == "res2.fra.pch.net");
  CHECK(!watch.sites().front().change);
  watch.saw(one, "[2001:db8::1]:853", "res1.muc.pch.net", "home", start);
  watch.saw(two, address, "res1.muc.pch.net", "home", start);
  CHECK(watch.changes() == 0);

  const Instant later = start + std::chrono::minutes(2);
  watch.saw(one, address, "res1.muc.pch.net", "home", later);
  const auto sites = watch.sites();
  const auto changed = std::ranges::find_if(sites, [](const ServerSite& each) { return each.change.has_value(); });
  REQUIRE(changed != sites.end());
  CHECK(changed->site == "muc.pch.net");
  CHECK(changed->change->before == "fra.pch.net");
  CHECK(!changed->change->elsewhere);
  CHECK(changed->change->at == later);
  CHECK(watch.changes() == 1);
}

TEST_CASE("A known network is compared with itself, and a new one with where the machine was before") {
  SiteWatch watch;
  watch.saw(one, address, "fra", "home", start);
  watch.saw(one, address, "muc", "train", start);
  CHECK(watch.sites().front().change->elsewhere);
  CHECK(watch.changes() == 1);
  watch.saw(one, address, "fra", "home", start);  // as it was here
  CHECK(watch.changes() == 1);
  watch.saw(one, address, "ber", "home", start);
  CHECK(watch.changes() == 2);
  CHECK(!watch.sites().front().change->elsewhere);
  CHECK(watch.sites().front().change->before == "fra");
}

TEST_CASE("Upstreams that are configured no longer are forgotten, and addresses and names have bounds") {
  SiteWatch watch;
  watch.saw(one, address, std::string(500, 'x'), "home", start);
  watch.saw(two, address, "fra", "home", start);
  watch.use({one});
  REQUIRE(watch.sites().size() == 1);
  CHECK(watch.sites().front().server.size() == 64);
  for (int i = 0; i < 1000; ++i) watch.saw(one, std::to_string(i), "fra", "home", start);
  CHECK(watch.sites().size() == 256);
  for (int i = 0; i < 1000; ++i) watch.saw(one, address, "fra", std::to_string(i), start);
  CHECK(watch.sites().size() == 256);
}
