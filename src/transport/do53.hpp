#pragma once
#include <cstddef>
#include <list>
#include <memory>
#include <string>

#include "base/log.hpp"
#include "base/loop.hpp"
#include "tacet/config.hpp"
#include "tacet/upstream.hpp"
#include "transport/query_ids.hpp"

namespace tacet {

/// A plain DNS server of the local network as an upstream: everybody on the way can read what it is asked. Each query
/// goes by UDP from a port of its own, by TCP if the answer does not fit (c-ares). Queries go without padding, which
/// hides nothing here; what a server says (SERVFAIL, REFUSED) is passed on as an answer.
class Do53 final : public Upstream {
public:
  /// Queries that wait for one server at a time, each with a socket; further ones wait for their turn.
  static constexpr std::size_t most_at_once = 64;

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
  void network_changed() override {}

private:
  class Turn;
  class Asking;
  Result<Response> outcome(Result<Message> answer, Instant sent);

  Loop& loop_;
  SocketAddress server_;
  std::string id_;
  QueryIds ids_;
  std::shared_ptr<const ConnectionFacts> facts_;
  std::size_t running_ = 0;
  std::list<Turn*> waiting_;
  UpstreamState counters_;
  bool failing_ = false;
  bool told_of_failure_ = false;  // the log was, and not yet of its end
  log::Gate failure_log_;
};

}  // namespace tacet
