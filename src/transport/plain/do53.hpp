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
#include "transport/edns_memory.hpp"
#include "transport/plain/plain_exchange.hpp"
#include "transport/plain/query_ids.hpp"

namespace tacet {

/// A plain DNS server of the local network as an upstream. Everybody on the path can read the queries and forge the
/// answers. Each query goes by UDP from a port of its own, and by TCP if the answer does not fit, or none comes.
/// Queries have no padding, which hides nothing here. A server's SERVFAIL or REFUSED counts as an answer.
///
/// A server without EDNS gets the query without OPT (RFC 6891 §7). That query follows at once after FORMERR, NOTIMP or
/// BADVERS, after a broken answer, after a failure by TCP, and after SERVFAIL or REFUSED from a server that never
/// showed EDNS. After two silent tries it is the third. If it helps, no query has OPT for EdnsMemory::kept.
class Do53 final : public Upstream {
public:
  /// So long it asks by TCP first once an answer came by TCP and none by UDP.
  static constexpr Duration tcp_time = std::chrono::minutes(5);
  /// At most so many queries run at a time, each with a socket; further ones wait for their turn.
  static constexpr std::size_t most_at_once = 256;

  /// `loop` must outlive it. Queries leave this machine by `via`, if that says something.
  Do53(Loop& loop, SocketAddress server, ViaConfig via = {});
  ~Do53() override;

  /// "192.168.1.1:53".
  std::string_view id() const override { return id_; }
  Task<Result<Response>> exchange(const Message& query, Instant deadline) override;
  /// Always: there is no connection to make.
  bool warm() const override { return true; }
  bool held_up() const override { return false; }
  void prepare() override {}
  UpstreamState state() const override;
  /// The network changed: another server may have the address.
  void network_changed() override;

private:
  class Turn;
  struct Try;
  Task<Result<Message>> converse(const Message& query, Instant deadline);
  Task<Try> attempt(PlainExchange& exchange, bool with_opt, Instant deadline);
  bool may_dislike_opt(const Try& made) const;
  void note_tcp_only();
  Result<Response> outcome(Result<Message> answer, Instant sent);

  Loop& loop_;
  SocketAddress server_;
  ViaConfig via_;
  std::string id_;
  QueryIds ids_;
  EdnsMemory edns_;
  Instant by_tcp_until_ = Instant::min();
  std::shared_ptr<const ConnectionFacts> facts_;
  std::size_t running_ = 0;
  std::list<Turn*> waiting_;
  UpstreamState counters_;
  bool told_of_failure_ = false;  // the log has the failure, and not yet its end
  log::RateLimit failure_log_;
};

}  // namespace tacet
