#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "observe/latency.hpp"
#include "pool/health.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

struct PoolServer;

/// One channel to a server (a connection that is opened when needed), and what the pool has measured on it.
struct PoolChannel {
  /// So many times must be known before an answer is called late on nothing but its time.
  static constexpr std::size_t least_samples_for_guess = 16;

  /// One query that leaves over it.
  struct Sent {
    std::uint64_t number;  ///< in the order in which they are sent, from 1
    Instant at;
  };
  Sent send(Instant now);
  /// A query has got its result, or was given up.
  void settle() {
    if (--outstanding == 0) stalled = false;
  }
  void answered(const Sent& query, Duration round_trip, Instant now);
  /// The round-trip times to go by: its own, or those of a channel of the same server that knows more.
  const Latency& times() const;

  PoolServer* server = nullptr;  ///< never null
  std::unique_ptr<Upstream> upstream;
  Latency latency{};
  std::uint64_t sent = 0;
  std::uint64_t latest_answered = 0;  ///< the highest number that was answered
  Instant latest_answered_sent{};     ///< when that one was sent
  Instant last_answer{};
  std::uint32_t outstanding = 0;
  bool stalled = false;  ///< seems to wait for a lost segment; true until it answers again, or owes nothing
};

/// One server of an operator: its health, and its channels. Two of these take turns; those behind them are spares,
/// which are opened once queries get lost, and then take turns as well for a while. Pure but for what the channels do.
struct PoolServer {
  PoolServer(std::string its_operator, std::size_t place, std::vector<std::unique_ptr<Upstream>> upstreams);
  PoolServer(const PoolServer&) = delete;
  PoolServer& operator=(const PoolServer&) = delete;

  /// The channel for the next query.
  PoolChannel& choose_channel(Instant now);
  /// Another channel, whose connection is yet to be made. Null without one, or if that of `last` is not up either.
  PoolChannel* unopened_channel(const PoolChannel& last);
  /// Queries get lost: spares take turns for a minute from now on. The next one to be opened; null without one.
  PoolChannel* open_spare(Instant now);
  /// A query goes over `first`. Opens the second connection if there is traffic.
  void open_second(const PoolChannel& first, Instant now);
  /// A query sent at `sent` ended without an answer.
  void failed(Fault fault, Instant sent, Instant now);
  bool answered_since(Instant moment) const;
  bool warm() const;
  /// The network changed: connections are not reused, and health and measured times are forgotten.
  void network_changed();

  const std::string operator_name;
  const std::size_t operator_place;  ///< its operator's in the configuration
  std::vector<PoolChannel> channels;
  Health health;

private:
  std::size_t in_turn(Instant now) const;
  bool busy(Instant now);

  std::size_t turn_ = 0;  // alternates over warm channels
  Instant second_begun_{};
  std::uint32_t in_second_ = 0;
  Instant lossy_until_{};  // queries got lost of late
};

}  // namespace tacet
