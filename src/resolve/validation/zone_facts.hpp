#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/task_group.hpp"
#include "dnssec/judge.hpp"
#include "dnssec/learn.hpp"
#include "observe/log_gates.hpp"
#include "observe/metrics.hpp"
#include "resolve/failures.hpp"
#include "resolve/validation/proof_pace.hpp"

namespace tacet {

/// The work that the proof of one answer may cause (RFC 4035 §5, KeyTrap).
struct Inquiry {
  /// Questions that it may add to those that are asked anyway.
  static constexpr int most_questions = 12;

  Instant deadline;
  ProofBudget budget{};
  int questions_left = most_questions;
  std::vector<Question> asked{};  ///< each needed question is waited for once
};

/// What is known about the zones of one route: learns missing facts by questions for DS and DNSKEY records, one flight
/// each, and keeps what they prove. One per worker.
class ZoneFacts {
public:
  /// All must outlive the object.
  ZoneFacts(Scheduler& scheduler, TaskGroup& tasks, Metrics& metrics, const HashSeed& seed,
            std::shared_ptr<LogGates> gates);

  ZoneTable& table() { return table_; }
  /// The time of day, for signatures.
  WallTime wall_time() const { return scheduler_.clock().wall_time(); }

  /// Asks beside a client's question for what its answer will probably need. A guess costs a query that may be
  /// needless, so guesses are at most a quarter of the clients' questions in the long run.
  void foresee(const std::shared_ptr<Upstream>& upstreams, const Question& question);

  /// Learns the keys of the root before a client needs them, so the first connection is open by then.
  void warm_up(const std::shared_ptr<Upstream>& upstreams);

  /// Begins to learn all that an answer needs, and waits for the first fact. Nothing if the table has it now;
  /// otherwise the judgement of the answer: bogus if the fact cannot be right, indeterminate if it could not be had.
  Task<std::optional<Judgement>> provide(std::shared_ptr<Upstream> upstreams, Needs needs, Inquiry& inquiry);

  /// Judges a response by what is known so far, in a turn of the loop.
  std::variant<Judgement, Needs> judge_now(const AnswerPart& part, Inquiry& inquiry);

  /// Forgets what was proven and what failed: the clock jumped, or what is true by configuration changed.
  void forget();

  /// Why the last answer about the keys of the root proved nothing, so that no name resolves; empty if it did, or if
  /// there was none.
  const std::string& root_fault() const { return root_fault_; }

private:
  static constexpr double guesses_per_question = 0.25, most_guesses = 50;

  CacheKey key_of(const Question& question) const { return {seed_, question, true, true}; }
  bool begin(const std::shared_ptr<Upstream>& upstreams, const Question& question);
  void launch(const std::shared_ptr<Upstream>& upstreams, const Question& question);
  Task<void> fly(std::shared_ptr<Upstream> upstreams, Question question);
  Task<Result<Fetched>> find_out(std::shared_ptr<Upstream> upstreams, Question question);
  Task<Result<Learned>> learn_from(std::shared_ptr<Upstream> upstreams, const Message& message, Inquiry& inquiry);
  void tell(const Question& question, const Result<Fetched>& found);

  Scheduler& scheduler_;
  TaskGroup& tasks_;
  Metrics& metrics_;
  const HashSeed& seed_;
  ProofPace pace_;
  ZoneTable table_;
  InFlight in_flight_;
  Failures failures_;
  double guesses_ = most_guesses;
  std::string root_fault_;
  std::shared_ptr<LogGates> gates_;
};

}  // namespace tacet
