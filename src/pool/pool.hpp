#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
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

/// One server of an operator: the channels of one upstream entry. The first channel is used first, the second under
/// traffic. The others are spares, which open once queries get lost.
struct UpstreamService {
  std::vector<std::unique_ptr<Upstream>> channels;
  bool is_reserve = false;  ///< not configured: it stands behind all that are, as long as one of them works
};

/// The servers of one operator, in order of preference. A name that one server gets may go to the others too.
struct UpstreamOperator {
  std::string name;
  std::vector<UpstreamService> services;
};

/// Several upstreams, used like one. It chooses a server by health and latency, spreads queries over warm connections,
/// sends a second copy of a query that seems lost, and fails over. Inside an operator measurements decide; across
/// operators the configured order decides. An operator that fails comes last until a probe succeeds. Second copies stay
/// with the operator. In the long run those in vain are at most a twentieth of all queries, and all of them a tenth.
///
/// It carries out the decisions of others: `ranking` (which server), `pool_server` (which channel), `hedging` (when to
/// ask twice), `exchange_plan` (when to ask elsewhere, and when to give up).
class Pool final : public Upstream {
public:
  /// `tasks` and all other parts must outlive the pool. Cancel the group before you destroy the pool.
  Pool(Scheduler& scheduler, TaskGroup& tasks, Metrics& metrics, std::vector<UpstreamOperator> operators);

  std::string_view id() const override { return "all upstreams"; }
  Task<Result<Response>> exchange(const Message& query, Instant deadline) override;
  Task<Result<Response>> exchange_elsewhere(const Message& query, Instant deadline,
                                            std::span<const std::string> passed_over) override;
  bool warm() const override;
  bool held_up() const override;
  void prepare() override;
  UpstreamState state() const override;
  void network_changed() override;
  /// These servers, by the ids of their channels, were blocked in this network before: they count as failing until a
  /// probe shows something else.
  void count_as_failing(std::span<const std::string> ids);

  std::vector<ChannelReport> reports() const;
  /// All servers, in the order in which a query would try them now.
  std::vector<ServerExplanation> explanation() const;

private:
  /// What an attempt is for.
  enum class Purpose : std::uint8_t {
    first,
    hedge,     // a second copy over another connection
    spare,     // a copy that opens a spare connection
    fallback,  // the earlier attempts brought no answer in their time
    probe,     // tests if a failing server works again; no query waits for it
  };
  using SharedQuery = std::shared_ptr<PoolQuery>;
  /// An attempt that has ended.
  struct Attempt {
    const SharedQuery& query;
    PoolChannel& channel;
    PoolChannel::Sent sent;
    bool was_warm;
    Purpose purpose;
  };

  void notice_suspend(Instant now);
  SharedQuery begin(const Message& message, Instant deadline, std::span<const std::string> passed_over = {});
  std::optional<Instant> advance(const SharedQuery& query);
  ExchangePlan::Event carry_out(const SharedQuery& query, const ExchangePlan::Step& step);
  ExchangePlan::Event fall_back(const SharedQuery& query, PoolChannel* channel);
  ExchangePlan::Event hedge(const SharedQuery& query);
  void probe(const Message& message, Instant deadline, const PoolServer& chosen);
  void start(const SharedQuery& query, PoolChannel& channel, Purpose purpose);
  Task<void> attempt(SharedQuery query, PoolChannel& channel, Purpose purpose);
  void ended(const Attempt& attempt, Result<Response> result);
  bool gained(const PoolQuery& query, bool first_answered) const;
  void measure(const Attempt& attempt, const Result<Response>& result);
  void blame(const PoolQuery& query, const PoolChannel& answerer);
  void open_spare(const SharedQuery& query);

  Scheduler& scheduler_;
  TaskGroup& tasks_;
  Metrics& metrics_;
  Hedging hedging_;
  Duration asleep_;   // the machine's time asleep at the last look
  Instant looked_{};  // the time of that look: once a turn
  PoolServers servers_;
};

}  // namespace tacet
