#include "transport/plain/do53.hpp"

#include <doctest/doctest.h>

#include "support/do53_scene.hpp"

using namespace std::chrono_literals;
using namespace tacet;
using namespace tacet::do53_test;

TEST_CASE("A plain server is asked by UDP, without padding, under an ID and from a port of its own") {
  Scene scene([](const Octets& query, bool) { return with_record(query, 100); });
  std::set<std::uint16_t> ids;
  for (int i = 0; i < 8; ++i) {
    const auto response = scene.ask("nas.lan");
    REQUIRE(response);
    CHECK(response->message.index().answers == 1);
    CHECK(response->exchange.upstream == to_string(scene.server.address()));
    CHECK(response->exchange.facts->transport == Transport::udp);
    CHECK(response->exchange.facts->verified.empty());
  }
  for (const Octets& query : scene.server.by_udp) {
    const MessageIndex index = index_message(query).value();
    ids.insert(index.id);
    CHECK(index.has_edns);
    CHECK(index.edns.udp_size == 1232);
    CHECK(!is_padded(Message::parse(query).value()));
  }
  CHECK(ids.size() >= 7);
  CHECK(scene.server.ports.size() >= 4);
  CHECK(scene.server.by_tcp.empty());
  CHECK(scene.upstream.state().answers == 8);
  CHECK(scene.upstream.state().outstanding == 0);
}

TEST_CASE("An answer of a thousand octets comes by UDP, a truncated one is asked again by TCP") {
  Scene fits([](const Octets& query, bool) { return with_record(query, 1000); });
  CHECK(fits.ask("fits.lan")->message.wire().size() > 1000);
  CHECK(fits.server.by_tcp.empty());
  Scene large([](const Octets& query, bool tcp) { return tcp ? with_record(query, 9000) : bare(query, flag::tc); });
  const auto response = large.ask("large.lan");
  REQUIRE(response);
  CHECK(response->message.wire().size() > 9000);
  CHECK(!response->message.index().has(flag::tc));
  CHECK(large.server.by_tcp.size() == 1);
}

TEST_CASE("A lost datagram is sent again") {
  int seen = 0;
  Scene scene(
      [&](const Octets& query, bool) { return ++seen > 1 ? std::optional(with_record(query, 10)) : std::nullopt; });
  CHECK(scene.ask("nas.lan"));
  CHECK(scene.server.by_udp.size() == 2);
}

TEST_CASE("A server whose answers by UDP do not come is asked by TCP beside it, and by TCP first from then on") {
  bool takes_tcp = true;
  Scene scene([&](const Octets& query, bool tcp) {
    return tcp == takes_tcp ? std::optional(with_record(query, 10)) : std::nullopt;
  });
  CHECK(scene.ask("nas.lan", 4500ms));
  CHECK(scene.server.by_udp.size() == 4);
  CHECK(scene.server.by_tcp.size() == 1);
  CHECK(scene.ask("tv.lan"));
  CHECK(scene.server.by_udp.size() == 4);
  CHECK(scene.server.by_tcp.size() == 2);
  takes_tcp = false;
  scene.upstream.network_changed();
  CHECK(scene.ask("radio.lan"));
  CHECK(scene.server.by_udp.size() == 5);
  CHECK(scene.server.by_tcp.size() == 2);
}

TEST_CASE("What a truncated answer brought is given out if TCP brings nothing, and without records it is a failure") {
  bool with_records = true;
  Scene scene([&](const Octets& query, bool tcp) -> std::optional<Octets> {
    if (tcp) return std::nullopt;
    Octets reply = with_records ? with_record(query, 100) : bare(query);
    reply[2] |= 0x02;
    return reply;
  });
  const auto part = scene.ask("large.lan", 1s);
  REQUIRE(part);
  CHECK(part->message.index().has(flag::tc));
  CHECK(part->message.index().answers == 1);
  with_records = false;
  const auto nothing = scene.ask("large.lan", 1s);
  REQUIRE(!nothing);
  CHECK(nothing.error().detail.contains("by TCP"));
}

TEST_CASE("What a server says is an answer, be it SERVFAIL or REFUSED, and it is one at once") {
  for (const Rcode rcode : {Rcode::servfail, Rcode::refused, Rcode::nxdomain, Rcode::notimp, Rcode::formerr}) {
    for (const bool headers_only : {false, true}) {
      if (headers_only && rcode == Rcode::nxdomain) continue;  // of no name
      Scene scene([&](const Octets& query, bool) {
        return headers_only ? bare_header(query, rcode) : bare(query, static_cast<std::uint16_t>(rcode));
      });
      const Instant begun = scene.loop.now();
      const auto response = scene.ask("nas.lan");
      REQUIRE(response);
      CHECK(response->message.rcode() == rcode);
      CHECK(scene.server.by_udp.size() == (rcode == Rcode::nxdomain ? 1 : 2));
      CHECK(scene.loop.now() - begun < 400ms);
    }
  }
  Scene speaks_edns([](const Octets& query, bool) { return with_opt(bare(query), Rcode::servfail); });
  CHECK(speaks_edns.ask("nas.lan")->message.rcode() == Rcode::servfail);
  CHECK(speaks_edns.server.by_udp.size() == 1);
}

TEST_CASE("A plain server's AD is not told: anybody on the way can set it") {
  Scene scene([](const Octets& query, bool tcp) {
    Octets reply = tcp ? with_record(query, 9000) : bare(query, flag::tc);
    reply[3] |= flag::ad;
    return reply;
  });
  CHECK(!scene.ask("large.lan")->message.index().has(flag::ad));
  Scene by_udp([](const Octets& query, bool) {
    Octets reply = with_record(query, 10);
    reply[3] |= flag::ad;
    return reply;
  });
  CHECK(!by_udp.ask("nas.lan")->message.index().has(flag::ad));
}

TEST_CASE(
    "What comes before the answer and is none is dropped, by UDP and by TCP: an echo, another opcode, question, ID") {
  const std::vector<std::function<Octets(const Octets&)>> strays{
      [](const Octets& query) { return query; },
      [](const Octets& query) { return bare(query, 0x2800); },
      [](const Octets& query) { return Octets(query.begin(), query.begin() + 5); },
      [](const Octets& query) {
        Octets reply = with_record(query, 10);
        reply[1] ^= 1;
        return reply;
      },
      [](const Octets& query) {
        Octets reply = with_record(query, 10);
        store16(reply, index_message(query)->question_ends - 2, static_cast<std::uint16_t>(Class::ch));
        return reply;
      },
      [](const Octets& query) { return bare_header(query, Rcode::noerror); },
  };
  for (const auto& stray : strays) {
    Scene alone([&](const Octets& query, bool) { return stray(query); });
    const auto response = alone.ask("nas.lan", 300ms);
    REQUIRE(!response);
    CHECK(response.error().fault == Fault::timeout);
    int sent = 0;
    Scene late([&](const Octets& query, bool) { return ++sent == 1 ? stray(query) : with_record(query, 10); });
    CHECK(late.ask("nas.lan"));
    CHECK(late.server.by_udp.size() == 2);
    Scene by_tcp([&](const Octets& query, bool tcp) { return tcp ? stray(query) : bare(query, flag::tc); });
    CHECK(!by_tcp.ask("nas.lan", 300ms));
  }
}

TEST_CASE("An answer under another ID, to another question or of broken octets is not taken") {
  const auto with_wrong_id = [](Octets reply) { return reply[0] ^= 0x55, reply; };
  const auto with_wrong_name = [](Octets reply) { return reply[13] ^= 0x03, reply; };
  for (const auto& spoil : std::vector<std::function<Octets(Octets)>>{with_wrong_id, with_wrong_name}) {
    Scene scene([&](const Octets& query, bool) { return spoil(with_record(query, 10)); });
    const auto response = scene.ask("nas.lan", 300ms);
    REQUIRE(!response);
    CHECK(response.error().fault == Fault::timeout);
  }
  Scene broken([](const Octets& query, bool) {
    Octets reply = with_record(query, 10);
    reply.resize(reply.size() - 4);
    return reply;
  });
  const auto response = broken.ask("nas.lan", 300ms);
  REQUIRE(!response);
  CHECK(response.error().fault == Fault::malformed);
}

TEST_CASE("A server that is not there is known at once, a silent one at the deadline, and the words say who") {
  Scene scene([](const Octets&, bool) { return std::nullopt; });
  const auto silent = scene.ask("nas.lan", 200ms);
  REQUIRE(!silent);
  CHECK(silent.error().fault == Fault::timeout);
  CHECK(silent.error().detail.starts_with("127.0.0.1:"));

  SystemClock clock;
  Loop loop(clock);
  SocketAddress nobody{.address = "127.0.0.1", .port = 0};
  {
    Server gone(loop, nullptr);
    nobody = gone.address();
  }
  Do53 upstream(loop, nobody);
  TaskGroup tasks;
  std::optional<Result<Response>> refused;
  const Message query = query_for("nas.lan");
  const auto ask = [&]() -> Task<void> {
    refused = co_await upstream.exchange(query, loop.now() + 4s);
    loop.stop();
  };
  const Instant begun = loop.now();
  tasks.spawn(ask());
  if (!refused) loop.run();
  REQUIRE(!*refused);
  CHECK(refused->error().fault == Fault::unreachable);
  CHECK(loop.now() - begun < 2s);
  CHECK(upstream.state().failures == 1);
  CHECK(!upstream.state().last_error.empty());
}

TEST_CASE("Three hundred queries at once are all answered, and no more sockets are open than is allowed") {
  Scene scene([](const Octets& query, bool) { return with_record(query, 10); });
  std::vector<std::string> names;
  for (int i = 0; i < 300; ++i) names.push_back("n" + std::to_string(i) + ".lan");
  const auto outcomes = scene.ask(names);
  CHECK(outcomes.size() == 300);
  for (const auto& [name, outcome] : outcomes) CHECK_MESSAGE(outcome, name);

  Scene silent([](const Octets&, bool) { return std::nullopt; });
  names.resize(Do53::most_at_once + 10);
  const auto timeouts = silent.ask(names, 150ms);
  for (const auto& [name, outcome] : timeouts) CHECK(!outcome);
  std::set<std::string> sent;
  for (const Octets& query : silent.server.by_udp) sent.insert(Message::parse(query)->question().name.to_string());
  CHECK(sent.size() == Do53::most_at_once);
  CHECK(silent.upstream.state().outstanding == 0);
}
