#include "transport/plain/do53.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/descriptor.hpp"
#include "base/task_group.hpp"
#include "dns/edns.hpp"
#include "support/manual_clock.hpp"

using namespace std::chrono_literals;
using namespace tacet;

namespace {

using Octets = std::vector<std::uint8_t>;

/// The response to a query that has the question and nothing else.
Octets bare(const Octets& query, std::uint16_t flags = 0) {
  const MessageIndex index = index_message(query).value();
  Octets reply(query.begin(), query.begin() + index.question_ends);
  store16(reply, 2, static_cast<std::uint16_t>(flag::qr | flag::rd | flag::ra | flags));
  store16(reply, 10, 0);
  return reply;
}

/// One with a TXT record of `size` octets.
Octets with_record(const Octets& query, std::size_t size) {
  Octets reply = bare(query);
  store16(reply, 6, 1);
  const Octets head{0xC0, 12, 0, 16, 0, 1, 0, 0, 0, 60};
  reply.insert(reply.end(), head.begin(), head.end());
  Octets rdata;
  while (rdata.size() < size) {
    rdata.push_back(99);
    rdata.insert(rdata.end(), 99, 'x');
  }
  reply.push_back(static_cast<std::uint8_t>(rdata.size() >> 8));
  reply.push_back(static_cast<std::uint8_t>(rdata.size()));
  reply.insert(reply.end(), rdata.begin(), rdata.end());
  return reply;
}

/// A UDP and a TCP socket at one port of loopback.
struct Sockets {
  Descriptor udp, tcp;
  std::uint16_t port = 0;
};

/// At whatever port is free for both: one that is free for UDP may be somebody's for TCP.
Sockets bound_sockets() {
  for (int attempt = 0; attempt < 100; ++attempt) {
    Sockets made{Descriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
                 Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(made.udp.get(), generic, size) == 0);
    REQUIRE(::getsockname(made.udp.get(), generic, &size) == 0);
    made.port = ntohs(address.sin_port);
    if (::bind(made.tcp.get(), generic, size) == 0) return made;
  }
  FAIL("no port is free for both UDP and TCP");
  return {};
}

/// A plain DNS server on loopback, UDP and TCP on one port, on a loop: a script answers each query, or not.
class Server {
public:
  using Script = std::function<std::optional<Octets>(const Octets& query, bool tcp)>;
  Server(Loop& loop, Script script)
      : script_(std::move(script)),
        loop_(loop),
        sockets_(bound_sockets()),
        watch_udp_(loop, sockets_.udp.get(), [this](Watch::Ready) { answer_udp(); }),
        watch_tcp_(loop, sockets_.tcp.get(), [this](Watch::Ready) { accept(); }) {
    REQUIRE(::listen(sockets_.tcp.get(), 16) == 0);
    watch_udp_.want_read(true);
    watch_tcp_.want_read(true);
  }

  SocketAddress address() const { return {.address = "127.0.0.1", .port = sockets_.port}; }

  std::vector<Octets> by_udp, by_tcp;
  std::set<std::uint16_t> ports;  // that queries came from

private:
  void answer_udp() {
    Octets query(4096);
    sockaddr_in from{};
    socklen_t size = sizeof from;
    auto* sender = reinterpret_cast<sockaddr*>(&from);
    const ssize_t got = ::recvfrom(sockets_.udp.get(), query.data(), query.size(), 0, sender, &size);
    if (got < 0) return;
    query.resize(static_cast<std::size_t>(got));
    by_udp.push_back(query);
    ports.insert(ntohs(from.sin_port));
    if (const auto reply = script_(query, false))
      ::sendto(sockets_.udp.get(), reply->data(), reply->size(), 0, sender, size);
  }
  void accept() {
    auto& client = clients_.emplace_back();
    client.socket = Descriptor(::accept4(sockets_.tcp.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    client.watch.emplace(loop_, client.socket.get(), [this, &client](Watch::Ready) { answer_tcp(client); });
    client.watch->want_read(true);
  }
  struct Client {
    Descriptor socket;
    Octets octets;
    std::optional<Watch> watch;
  };
  void answer_tcp(Client& client) {
    std::array<std::uint8_t, 4096> buffer;
    const ssize_t got = ::read(client.socket.get(), buffer.data(), buffer.size());
    if (got <= 0) return client.watch->want_read(false);
    client.octets.insert(client.octets.end(), buffer.begin(), buffer.begin() + got);
    if (client.octets.size() < 2 || client.octets.size() < 2U + load16(client.octets, 0)) return;
    const Octets query(client.octets.begin() + 2, client.octets.end());
    client.octets.clear();
    by_tcp.push_back(query);
    auto reply = script_(query, true);
    if (!reply) return;
    const auto length = static_cast<std::uint16_t>(reply->size());
    reply->insert(reply->begin(), {static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)});
    CHECK(::write(client.socket.get(), reply->data(), reply->size()) == static_cast<ssize_t>(reply->size()));
  }

  Script script_;
  Loop& loop_;
  Sockets sockets_;
  Watch watch_udp_, watch_tcp_;
  std::deque<Client> clients_;
};

Message query_for(std::string_view name) {
  return upstream_query({Name::from_text(name).value(), Type::txt, Class::in}, false, false);
}

/// A server with a script, and who asks it.
struct Scene {
  explicit Scene(Server::Script script) : server(loop, std::move(script)), upstream(loop, server.address()) {}
  ~Scene() { tasks.cancel(); }

  /// Asks all names at once and runs until each has its outcome.
  std::map<std::string, Result<Response>> ask(const std::vector<std::string>& names, Duration patience = 2s) {
    outcomes.clear();
    wanted = names.size();
    const Instant deadline = loop.now() + patience;
    for (const auto& name : names) tasks.spawn(exchange(name, deadline));
    if (outcomes.size() < wanted) loop.run();
    return std::move(outcomes);
  }
  Result<Response> ask(const std::string& name, Duration patience = 2s) {
    return ask(std::vector{name}, patience).begin()->second;
  }
  Task<void> exchange(std::string name, Instant deadline) {
    const Message query = query_for(name);
    Result<Response> response = co_await upstream.exchange(query, deadline);
    outcomes.emplace(name, std::move(response));
    if (outcomes.size() == wanted) loop.stop();
  }

  SystemClock clock;
  Loop loop{clock};
  Server server;
  Do53 upstream;
  TaskGroup tasks;
  std::map<std::string, Result<Response>> outcomes;
  std::size_t wanted = 0;
};

}  // namespace

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

namespace {

bool has_opt(const Octets& query) { return index_message(query).value().has_edns; }

std::size_t with_opt_among(const std::vector<Octets>& queries) {
  return static_cast<std::size_t>(std::ranges::count_if(queries, has_opt));
}

/// The first octets of a response, as servers that give up at the header send them.
Octets bare_header(const Octets& query, Rcode rcode) {
  Octets reply = bare(query, static_cast<std::uint16_t>(rcode));
  reply.resize(header_size);
  store16(reply, 4, 0);
  return reply;
}

/// A response with an OPT of version 0; the RCODE may be one beyond 15.
Octets with_opt(Octets reply, Rcode rcode = Rcode::noerror) {
  const auto code = static_cast<std::uint16_t>(rcode);
  reply[3] = static_cast<std::uint8_t>((reply[3] & 0xF0) | (code & 0x0F));
  store16(reply, 10, 1);
  const Octets opt{0, 0, 41, 4, 0xD0, static_cast<std::uint8_t>(code >> 4), 0, 0, 0, 0, 0};
  reply.insert(reply.end(), opt.begin(), opt.end());
  return reply;
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
  for (const std::size_t so_far : {3, 5, 5}) {
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
