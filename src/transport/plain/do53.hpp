#pragma once
#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <string>

#include "base/log.hpp"
#include "base/loop.hpp"
#include "tacet/config.hpp"
#include "tacet/upstream.hpp"
#include "transport/plain/plain_exchange.hpp"
#include "transport/plain/query_ids.hpp"

namespace tacet {

/// A plain DNS server of the local network as an upstream: everybody on the way can read what it is asked, and write
/// the answer. Each query goes by UDP from a port of its own, by TCP if the answer does not fit. Queries go without
/// padding, which hides nothing here; what a server says (SERVFAIL, REFUSED) is passed on as an answer.
///
/// A server that does not bear EDNS is asked without (RFC 6891 §7): again at once when it says FORMERR, NOTIMP or
/// BADVERS, when its answer is broken or cannot be had by TCP, and when one that never showed EDNS says SERVFAIL or
/// REFUSED; instead of a third try when it is silent to two. If that helps, it is asked so for `edns_memory`.
class Do53 final : public Upstream {
public:
  /// Queries that wait for one server at a time, each with a socket; further ones wait for their turn.
  static constexpr std::size_t most_at_once = 64;
  /// For how long it is remembered that a server does not bear EDNS.
  static constexpr Duration edns_memory = std::chrono::minutes(15);

  /// `loop` must outlive it.
  Do53(Loop& loop, SocketAddress server);
  ~Do53() override;

  /// "192.168.1.1:53".
  std::string_view id() const override { return id_; }
  Task<Result<Response>> exchange(const Message& query, Instant deadline) override;
  /// Always: there is no connection to make.
  bool warm() const override { return true; }
  bool held_up() const override { return false; }
  void prepare() override {}
  UpstreamState state() const override;
  /// Another server may have the address.
  void network_changed() override;

private:
  class Turn;
  struct Try;
  Task<Result<Message>> converse(const Message& query, Instant deadline);
  Task<Try> attempt(PlainExchange& exchange, bool with_opt, Instant deadline);
  bool may_dislike_opt(const Try& made) const;
  void dislikes_opt(bool surely);
  Result<Response> outcome(Result<Message> answer, Instant sent);

  Loop& loop_;
  SocketAddress server_;
  std::string id_;
  QueryIds ids_;
  bool speaks_edns_ = false;  // has answered with OPT, and since then not been silent to it
  Instant without_opt_until_ = Instant::min();
  std::shared_ptr<const ConnectionFacts> facts_;
  std::size_t running_ = 0;
  std::list<Turn*> waiting_;
  UpstreamState counters_;
  bool failing_ = false;
  bool told_of_failure_ = false;  // the log was, and not yet of its end
  log::RateLimit failure_log_;
};

}  // namespace tacet
