#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dnssec/kept_denials.hpp"
#include "resolve/validation/zone_facts.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// A file of trust anchors that is in use.
struct AnchorFile {
  std::string path;
  WallTime modified{};
};

/// What validation goes by: made from the configuration, shared by all workers, and never changed.
struct ValidationRules {
  DnssecMode mode = DnssecMode::off;
  std::vector<TrustAnchor> anchors{};
  std::vector<ExemptZone> exempt{};  ///< never validated
  std::vector<AnchorFile> files{};  ///< that `anchors` come from; the others are built in or stand in the configuration
};

/// An answer as it is judged: the last response, which may be another server's than the first one.
struct Proof {
  Response response;
  Judgement judgement;
};

/// Proves the answers of one route (RFC 4035 §5) before a client gets them. If an answer cannot be proven, other
/// servers are asked first: a resolver that lost a signature is far more frequent than a lie. One per worker.
class Validation {
public:
  /// How many more servers are asked for an answer that cannot be proven.
  static constexpr int most_repairs = 2;
  /// How many parts of an answer are asked for by themselves, because their signatures are missing.
  static constexpr int most_pieces = 4;

  /// How often a zone may be learned again because it may have changed: a hostile one would ask for it all the time.
  static constexpr Duration learns_again_after = std::chrono::seconds(1);

  /// All must outlive the object.
  Validation(Scheduler& scheduler, TaskGroup& tasks, Metrics& metrics, const HashSeed& seed,
             std::shared_ptr<LogGates> gates = std::make_shared<LogGates>())
      : scheduler_(scheduler),
        tasks_(tasks),
        metrics_(metrics),
        facts_(scheduler, tasks, metrics, seed, gates),
        gates_(std::move(gates)) {}

  /// Goes by these rules from now on.
  void use(std::shared_ptr<const ValidationRules> rules);
  DnssecMode mode() const { return rules_->mode; }
  const ValidationRules& rules() const { return *rules_; }

  /// Asks beside a client's question for what its answer will probably need.
  void foresee(const std::shared_ptr<Upstream>& upstreams, const Question& question) {
    facts_.foresee(upstreams, question);
  }

  /// Learns the keys of the root ahead of the first question; only in mode on.
  void warm_up(const std::shared_ptr<Upstream>& upstreams) {
    if (mode() == DnssecMode::on) facts_.warm_up(upstreams);
  }

  /// A question and the upstreams that answer it.
  struct Subject {
    std::shared_ptr<Upstream> upstreams;
    Question question;
    std::optional<Name> end;  ///< the alias target with which another route's part of the answer begins
    Instant deadline;
  };
  /// The judgement of an answer from a zone that is known to be unsigned, which needs no task; nothing for any other.
  std::optional<Judgement> judge_at_once(const Message& message);
  /// Judges a response, and asks for what that needs. A failure of the upstream is indeterminate.
  Task<Proof> prove(Subject subject, Response response);
  /// Proves a response that a client has got already, to count the result. While not even an anchor's keys can be
  /// learned, it tries once a minute: the upstreams of such a network have nothing to prove answers with, and asking
  /// them costs others their time.
  static constexpr Duration rest_without_keys = std::chrono::minutes(1);
  void rehearse(Subject subject, Response response);

  /// Keeps what a proven answer denies, `most` seconds at most; nothing if it denies nothing. Only mode on has use for
  /// it.
  void keep_denial(const Proof& proof, std::uint32_t most);
  /// The answer to a question about a name that a kept denial covers (RFC 8198); nothing if none does.
  std::optional<KeptDenials::Denied> denied(const Question& question);

  /// The clock jumped: what was proven by the former time does not hold.
  void forget() {
    facts_.forget();
    denials_.forget();
  }
  ZoneTable& table() { return facts_.table(); }
  const std::string& root_fault() const { return facts_.root_fault(); }
  WallTime wall_time() const { return facts_.wall_time(); }

  /// Judges a message as it is, and asks for what that needs. It counts nothing, and asks no other server for a better
  /// one. The references must outlive the task.
  Task<Judgement> settle(const Subject& subject, const Message& message, Inquiry& inquiry);

private:
  static bool note_block(Proof& proof);
  Task<bool> translate(const Subject& subject, Proof& proof, Inquiry& inquiry);
  Task<bool> ask_elsewhere(const Subject& subject, Proof& proof, Inquiry& inquiry);
  Task<bool> ask_for_pieces(const Subject& subject, Proof& proof, Inquiry& inquiry);
  Task<bool> learn_again(const Subject& subject, Proof& proof, Inquiry& inquiry);
  Task<void> rehearsal(Subject subject, Response response);
  bool has_keys() { return facts_.table().counts()[static_cast<std::size_t>(ZoneState::keyed)] > 0; }
  void count(const Question& question, const Judgement& judgement, bool repaired);

  Scheduler& scheduler_;
  TaskGroup& tasks_;
  Metrics& metrics_;
  ZoneFacts facts_;
  KeptDenials denials_;
  std::shared_ptr<const ValidationRules> rules_ = std::make_shared<const ValidationRules>();
  Instant rests_until_ = Instant::min();  // rehearsals
  Instant may_learn_again_ = Instant::min();
  std::shared_ptr<LogGates> gates_;
};

/// Writes a judgement into the image of the answer: security, AD, the extended error, and the TTLs. A bogus answer
/// becomes a SERVFAIL that says why.
void stamp(AnswerImage& image, const Question& question, const Judgement& judgement);
/// Marks an image as not judged: without AD.
void stamp_unjudged(AnswerImage& image);

}  // namespace tacet
