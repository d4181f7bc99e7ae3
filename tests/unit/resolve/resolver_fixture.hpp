#pragma once
#include <deque>

#include "dns/reply.hpp"
#include "resolve/resolver.hpp"
#include "unit/pool/upstream_fixture.hpp"

namespace tacet::fixture {

/// What one client asked and was told.
struct Client {
  std::vector<std::uint8_t> query;
  Instant asked_at;
  std::optional<Reply> reply;
  Duration taken{};
  bool at_once = false;  ///< answered by answer_now()

  Message message() const { return Message::parse(reply.value()).value(); }
  Rcode rcode() const { return message().rcode(); }
  std::uint32_t ttl() const { return message().records().at(0).ttl; }
  std::optional<ExtendedError> extended_error() const { return extended_error_of(message()); }
};

/// Clients that ask a resolver.
struct AskingWorld : World {
  /// The client has its reply at once, or when time has passed.
  Client& ask_of(Resolver& resolver, std::vector<std::uint8_t> wire, TaskGroup& group, std::size_t limit = 65535) {
    Client& client = clients.emplace_back(Client{std::move(wire), clock.now(), std::nullopt});
    const MessageIndex index = index_message(client.query).value();
    std::vector<std::uint8_t> out(65535);
    auto now = resolver.answer_now({client.query, index, clock.now(), limit}, out);
    if (const auto* size = std::get_if<std::size_t>(&now)) {
      out.resize(*size);
      client.reply = out;
      client.at_once = true;
    } else {
      group.spawn(wait(resolver, std::get<Miss>(std::move(now)), client));
    }
    return client;
  }
  Task<void> wait(Resolver& resolver, Miss miss, Client& client) {
    client.reply = co_await resolver.answer(miss);
    client.taken = clock.now() - client.asked_at;
  }

  std::deque<Client> clients;
};

/// A resolver over one scripted upstream.
struct Stub : AskingWorld {
  struct Settings {
    CacheConfig cache = {};
    std::size_t pending = 4096;
    RebindConfig rebind = {};
  };
  explicit Stub(FakeUpstream::Script script) : Stub(std::move(script), Settings{}) {}
  Stub(FakeUpstream::Script script, Settings settings)
      : cache(settings.cache),
        upstream(scheduler, "fake", std::move(script)),
        resolver({scheduler,
                  tasks,
                  policy,
                  cache,
                  borrowed(upstream),
                  metrics,
                  settings.pending,
                  ExposureMode::passive,
                  {},
                  RebindGuard(settings.rebind)}) {}

  Client& ask(std::vector<std::uint8_t> wire) { return ask(std::move(wire), tasks); }
  Client& ask(std::vector<std::uint8_t> wire, TaskGroup& group, std::size_t limit = 65535) {
    return ask_of(resolver, std::move(wire), group, limit);
  }
  Client& ask(std::string_view name, Type type = Type::a) { return ask(client_query(question(name, type))); }

  Policy policy{Config{}};
  Cache cache;
  Metrics metrics;
  FakeUpstream upstream;
  Resolver resolver;
  TaskGroup tasks;
};

}  // namespace tacet::fixture
