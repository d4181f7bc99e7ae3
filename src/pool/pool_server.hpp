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

/// One channel to a server, which connects when needed, and the pool's measurements of it.
struct PoolChannel {
  /// An answer counts as late by its time alone only after so many measured times.
  static constexpr std::size_t least_samples_for_guess = 16;

  /// One query that leaves over it.
  struct Sent {
    std::uint64_t number;  ///< in the order in which they are sent, from 1
    Instant at;
  };
  Sent send(Instant now);
  /// A query has its result, or was given up.
  void settle() {
    if (--outstanding == 0) stalled = false;
  }
  void answered(const Sent& query, Duration round_trip, Instant now);
  /// The round-trip times to use: its own, or those of a channel of the same server that has more.
  const Latency& times() const;

  PoolServer* server = nullptr;  ///< never null
  std::unique_ptr<Upstream> upstream;
  Latency latency{};
  std::uint64_t sent = 0;
  std::uint64_t latest_answered = 0;  ///< the highest number that has an answer
  Instant latest_answered_sent{};     ///< the time at which that query was sent
  Instant last_answer{};
  std::uint32_t outstanding = 0;
  bool stalled = false;  ///< seems to wait for a lost segment; true until it answers again or owes no answer
};

/// One server of an operator: its health and its channels. Two channels take turns. The others are spares: they open
/// once queries get lost, and then take turns as well for a while. Pure, except for the calls to its channels.
struct PoolServer {
  PoolServer(std::string its_operator, std::size_t place, std::vector<std::unique_ptr<Upstream>> upstreams);
  PoolServer(const PoolServer&) = delete;
  PoolServer& operator=(const PoolServer&) = delete;

  /// The channel for the next query.
  PoolChannel& choose_channel(Instant now);
  /// Another channel that must still connect. Null without one, or if the connection of `last` is not open either.
  PoolChannel* unopened_channel(const PoolChannel& last);
  /// Queries get lost: spares take turns for the next minute. Returns the next spare to open; null without one.
  PoolChannel* open_spare(Instant now);
  /// A query goes over `first`. Opens the second connection if there is traffic.
  void open_second(const PoolChannel& first, Instant now);
  /// A query sent at `sent` ended without an answer.
  void failed(Fault fault, Instant sent, Instant now);
  bool answered_since(Instant moment) const;
  bool warm() const;
  /// The network changed: no connection is used again, and health and measured times are forgotten.
  void network_changed();

  const std::string operator_name;
  const std::size_t operator_place;  ///< the place of its operator in the configuration
  std::vector<PoolChannel> channels;
  Health health;
  bool is_reserve = false;

private:
  std::size_t in_turn(Instant now) const;
  bool busy(Instant now);

  std::size_t turn_ = 0;  // alternates over warm channels
  Instant second_begun_{};
  std::uint32_t in_second_ = 0;
  Instant lossy_until_{};  // until then, queries count as getting lost
};

}  // namespace tacet
