#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/scheduler.hpp"
#include "base/task_group.hpp"
#include "observe/metrics.hpp"
#include "pool/hedging.hpp"
#include "pool/pool_report.hpp"
#include "pool/ranking.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// One way to reach an operator: the channels of one configured upstream entry. The first is used first, the second
/// under traffic; those behind them are spares that are opened once queries get lost.
struct UpstreamService {
  std::vector<std::unique_ptr<Upstream>> channels;
};

/// The services of one operator, in order of preference. Whatever one of them is asked, the others may be asked as
/// well.
struct UpstreamOperator {
  std::string name;
  std::vector<UpstreamService> services;
};

/// Several upstreams, used like one: chooses by health and latency, spreads over warm connections, asks a second time
/// where the first seems lost, fails over. Inside an operator by what is measured, across operators by order; an
/// operator that fails comes last until a probe finds it working. Second copies never leave the operator, and are at
/// most a twentieth of all queries in the long run.
class Pool final : public Upstream {
public:
  /// `tasks` and everything else must outlive the pool's use; cancel the group before the pool is destroyed.
  Pool(Scheduler& scheduler, TaskGroup& tasks, Metrics& metrics, std::vector<UpstreamOperator> operators);

  std::string_view id() const override { return "all upstreams"; }
  Task<Result<Response>> exchange(const Message& query, Instant deadline) override;
  bool warm() const override;
  bool held_up() const override;
  void prepare() override;
  UpstreamState state() const override;
  void network_changed() override;

  std::vector<ChannelReport> reports() const;
  /// All servers in the order in which a query would be tried on them now.
  std::vector<ServerExplanation> explanation() const;

private:
  enum class Purpose : std::uint8_t { first, hedge, spare, fallback, probe };
  using SharedQuery = std::shared_ptr<PoolQuery>;
  /// One that has ended.
  struct Attempt {
    const SharedQuery& query;
    PoolChannel& channel;
    PoolChannel::Sent sent;
    bool was_warm;
    Purpose purpose;
  };

  void notice_suspend(Instant now);
  SharedQuery begin(const Message& message, Instant deadline);
  std::optional<Instant> advance(const SharedQuery& query);
  ExchangePlan::Event carry_out(const SharedQuery& query, const ExchangePlan::Step& step);
  ExchangePlan::Event fall_back(const SharedQuery& query, PoolChannel* channel);
  ExchangePlan::Event hedge(const SharedQuery& query);
  void probe(const Message& message, Instant deadline, const PoolServer& chosen);
  void start(const SharedQuery& query, PoolChannel& channel, Purpose purpose);
  Task<void> attempt(SharedQuery query, PoolChannel& channel, Purpose purpose);
  void ended(const Attempt& attempt, Result<Response> result);
  void measure(const Attempt& attempt, const Result<Response>& result);
  void blame(const PoolQuery& query, const PoolChannel& answerer);
  void open_spare(const SharedQuery& query);

  Scheduler& scheduler_;
  TaskGroup& tasks_;
  Metrics& metrics_;
  Hedging hedging_;
  Duration asleep_;   // of the machine, when last looked at
  Instant looked_{};  // when that was: once a turn
  PoolServers servers_;
};

}  // namespace tacet
