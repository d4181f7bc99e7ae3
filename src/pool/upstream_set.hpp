#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/scheduler.hpp"
#include "base/task_group.hpp"
#include "observe/latency.hpp"
#include "observe/metrics.hpp"
#include "pool/health.hpp"
#include "pool/slow_zones.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// One way to reach an operator: the channels (connections) of one configured upstream entry. The first is used first,
/// the second under traffic; those behind them are spares that are opened once queries get lost.
struct UpstreamService {
  std::vector<std::unique_ptr<Upstream>> channels;
};

/// The services of one operator, in order of preference. Whatever one of them is asked, the others may be asked as
/// well.
struct UpstreamOperator {
  std::string name;
  std::vector<UpstreamService> services;
};

/// What one channel looks like to the set: its own state and what the set has measured.
struct ChannelReport {
  std::string id;
  std::string operator_name;
  bool good;               ///< its service is believed to work
  Duration p50, p95, p99;  ///< round-trip times of the last answers; zero without any
  UpstreamState state;
};

/// One service of an operator, among others.
struct ServerExplanation {
  std::string id;             ///< of its first channel: the URL as configured
  std::string operator_name;  ///< of the zone for servers of the local network
  bool good = false;          ///< believed to work
  bool warm = false;          ///< a connection is up
  Duration typical{};         ///< median of the last round trips; zero without any
};

/// Several upstreams, used like one: chooses by health and latency, spreads over warm connections, asks a second time
/// where the first seems lost, fails over. Inside an operator by what is measured, across operators by order; an
/// operator that fails comes last until a probe finds it working. Hedges never leave the operator, and are at most a
/// twentieth of all queries in the long run.
class UpstreamSet final : public Upstream {
public:
  /// `tasks` and everything else must outlive the set's use; cancel the group before the set is destroyed.
  UpstreamSet(Scheduler& scheduler, TaskGroup& tasks, Metrics& metrics, std::vector<UpstreamOperator> operators);
  ~UpstreamSet() override;

  std::string_view id() const override { return "all upstreams"; }
  Task<Result<Response>> exchange(const Message& query, Instant deadline) override;
  bool warm() const override;
  bool held_up() const override;
  void prepare() override;
  UpstreamState state() const override;
  void network_changed() override;

  std::vector<ChannelReport> reports() const;
  /// All services in the order in which a query would be tried on them now.
  std::vector<ServerExplanation> explanation() const;

private:
  struct Channel;
  struct Service;
  struct Race;
  struct Ear;
  enum class Purpose : std::uint8_t { first, hedge, spare, fallback, probe };

  void notice_suspend(Instant now);
  std::vector<Service*> in_order() const;
  Channel& choose_lane(Service& service);
  Channel* partner(const Channel& channel, const Channel* nor);
  static const Latency& times_of(const Channel& channel);
  Duration thrift(const Latency& times) const;
  Channel* elsewhere(const Race& race, const Channel& last, const std::vector<Service*>& order, std::size_t& next);
  static Channel* new_connection(const Channel& last);
  Task<void> attempt(std::shared_ptr<Race> race, Channel& channel, Purpose purpose);
  void start(const std::shared_ptr<Race>& race, Channel& channel, Purpose purpose);
  void note(Channel& channel, std::uint64_t number, Instant begun, const Result<Response>& result);
  void learn_pace(const Channel& channel, const Race& race, Instant begun, const Result<Response>& result);
  bool seems_lost(const Race& race) const;
  bool hedge(const std::shared_ptr<Race>& race);
  static bool is_silent(const Race& race);
  void blame(const Race& race, const Channel& answerer);
  void probe(const Message& query, Instant deadline, const Service& chosen);
  void open_second(const Channel& first);
  void open_spare(const std::shared_ptr<Race>& race);

  Scheduler& scheduler_;
  TaskGroup& tasks_;
  Metrics& metrics_;
  ExtraBudget extra_;
  SlowZones zones_;
  Duration asleep_;                                 // of the machine, when last looked at
  Instant looked_{};                                // when that was: once a turn
  std::vector<std::unique_ptr<Service>> services_;  // of all operators, in configured order
};

}  // namespace tacet
