/// A plain upstream and a scripted server that it asks, on one loop.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

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
#include "transport/plain/do53.hpp"

namespace tacet::do53_test {

using Octets = std::vector<std::uint8_t>;

/// The response to a query that has the question and nothing else.
inline Octets bare(const Octets& query, std::uint16_t flags = 0) {
  const MessageIndex index = index_message(query).value();
  Octets reply(query.begin(), query.begin() + index.question_ends);
  store16(reply, 2, static_cast<std::uint16_t>(flag::qr | flag::rd | flag::ra | flags));
  store16(reply, 10, 0);
  return reply;
}

/// One with a TXT record of `size` octets.
inline Octets with_record(const Octets& query, std::size_t size) {
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

/// The first octets of a response, as servers that give up at the header send them.
inline Octets bare_header(const Octets& query, Rcode rcode) {
  Octets reply = bare(query, static_cast<std::uint16_t>(rcode));
  reply.resize(header_size);
  store16(reply, 4, 0);
  return reply;
}

/// A response with an OPT of version 0; the RCODE may be one beyond 15.
inline Octets with_opt(Octets reply, Rcode rcode = Rcode::noerror) {
  const auto code = static_cast<std::uint16_t>(rcode);
  reply[3] = static_cast<std::uint8_t>((reply[3] & 0xF0) | (code & 0x0F));
  store16(reply, 10, 1);
  const Octets opt{0, 0, 41, 4, 0xD0, static_cast<std::uint8_t>(code >> 4), 0, 0, 0, 0, 0};
  reply.insert(reply.end(), opt.begin(), opt.end());
  return reply;
}

/// A UDP and a TCP socket at one port of loopback.
struct Sockets {
  Descriptor udp, tcp;
  std::uint16_t port = 0;
};

/// At whatever port is free for both: one that is free for UDP may be somebody's for TCP.
inline Sockets bound_sockets() {
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

inline Message query_for(std::string_view name) {
  return upstream_query({Name::from_text(name).value(), Type::txt, Class::in}, false, false);
}

/// A server with a script, and who asks it.
struct Scene {
  explicit Scene(Server::Script script) : server(loop, std::move(script)), upstream(loop, server.address()) {}
  ~Scene() { tasks.cancel(); }

  /// Asks all names at once and runs until each has its outcome.
  std::map<std::string, Result<Response>> ask(const std::vector<std::string>& names,
                                              Duration patience = std::chrono::seconds(2)) {
    outcomes.clear();
    wanted = names.size();
    const Instant deadline = loop.now() + patience;
    for (const auto& name : names) tasks.spawn(exchange(name, deadline));
    if (outcomes.size() < wanted) loop.run();
    return std::move(outcomes);
  }
  Result<Response> ask(const std::string& name, Duration patience = std::chrono::seconds(2)) {
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

}  // namespace tacet::do53_test
