#include <doctest/doctest.h>

#include <algorithm>

#include "support/do53_scene.hpp"

using namespace std::chrono_literals;
using namespace tacet;
using namespace tacet::do53_test;

namespace {

bool has_opt(const Octets& query) { return index_message(query).value().has_edns; }

std::size_t with_opt_among(const std::vector<Octets>& queries) {
  return static_cast<std::size_t>(std::ranges::count_if(queries, has_opt));
}

using Reply = std::function<std::optional<Octets>(const Octets& query)>;

}  // namespace

TEST_CASE("A server that does not bear EDNS, however it shows it, is asked without it at once, and from then on") {
  const std::vector<std::pair<const char*, Reply>> ways{
      {"FORMERR", [](const Octets& query) { return bare(query, 1); }},
      {"NOTIMP", [](const Octets& query) { return bare(query, 4); }},
      {"SERVFAIL", [](const Octets& query) { return bare(query, 2); }},
      {"REFUSED", [](const Octets& query) { return bare(query, 5); }},
      {"BADVERS", [](const Octets& query) { return with_opt(bare(query), Rcode::badvers); }},
      {"FORMERR with its OPT", [](const Octets& query) { return with_opt(bare(query), Rcode::formerr); }},
      {"FORMERR as a bare header", [](const Octets& query) { return bare_header(query, Rcode::formerr); }},
      {"NOTIMP as a bare header", [](const Octets& query) { return bare_header(query, Rcode::notimp); }},
      {"a broken answer",
       [](const Octets& query) {
         Octets reply = with_record(query, 10);
         reply.pop_back();
         return reply;
       }},
  };
  for (const auto& [way, reply] : ways) {
    CAPTURE(way);
    Scene scene([&](const Octets& query, bool) -> std::optional<Octets> {
      return has_opt(query) ? reply(query) : with_record(query, 10);
    });
    const Instant begun = scene.loop.now();
    for (const char* name : {"nas.lan", "tv.lan"}) {
      const auto response = scene.ask(name);
      REQUIRE(response);
      CHECK(response->message.rcode() == Rcode::noerror);
      CHECK(response->message.index().answers == 1);
    }
    CHECK(scene.loop.now() - begun < 400ms);  // before any query would be sent again
    CHECK(scene.server.by_udp.size() == 3);
    CHECK(with_opt_among(scene.server.by_udp) == 1);
    scene.upstream.network_changed();
    CHECK(scene.ask("pc.lan"));
    CHECK(with_opt_among(scene.server.by_udp) == 2);
  }
}

TEST_CASE("A server that is silent to EDNS is asked twice with it, then without, and so from then on") {
  Scene scene(
      [](const Octets& query, bool) { return has_opt(query) ? std::nullopt : std::optional(with_record(query, 10)); });
  CHECK(scene.ask("nas.lan", 4s));
  CHECK(with_opt_among(scene.server.by_udp) == 2);
  CHECK(scene.server.by_udp.size() == 3);
  CHECK(scene.ask("tv.lan", 4s));
  CHECK(with_opt_among(scene.server.by_udp) == 2);
  CHECK(scene.server.by_udp.size() == 4);
}

TEST_CASE("One silence of a server that speaks EDNS is a loss; a second one in a row is its end") {
  bool silent = false;
  Scene scene([&](const Octets& query, bool) {
    return silent && has_opt(query) ? std::nullopt : std::optional(with_opt(with_record(query, 10)));
  });
  CHECK(scene.ask("nas.lan"));
  silent = true;
  for (const std::size_t so_far : {3U, 5U, 5U}) {
    CHECK(scene.ask("tv.lan", 4s));
    CHECK(with_opt_among(scene.server.by_udp) == so_far);
  }
}

TEST_CASE("EDNS that fails by TCP alone is left out as well") {
  for (const bool answers_formerr : {true, false}) {
    Scene scene([&](const Octets& query, bool tcp) -> std::optional<Octets> {
      if (!tcp) return bare(query, flag::tc);
      if (!has_opt(query)) return with_record(query, 9000);
      return answers_formerr ? std::optional(bare_header(query, Rcode::formerr)) : std::nullopt;
    });
    const auto response = scene.ask("large.lan", 4s);
    REQUIRE(response);
    CHECK(response->message.wire().size() > 9000);
  }
}
