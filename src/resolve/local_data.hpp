#pragma once
#include <memory>
#include <optional>
#include <utility>

#include "resolve/hosts.hpp"
#include "resolve/policy.hpp"
#include "resolve/routes.hpp"

namespace tacet {

/// A question that refers to a name elsewhere; valid as long as that name.
struct QuestionView {
  Bytes name;  ///< wire form, in the client's spelling
  Type type;
  Class qclass;

  static QuestionView of(Bytes query, const MessageIndex& index) {
    return {query.subspan(12, index.question_ends - 16U), index.type, index.qclass};
  }
  static QuestionView of(const Question& question) { return {question.name.wire(), question.type, question.qclass}; }
  Question copy() const { return {Name::from_checked_wire(name), type, qclass}; }
};

/// What this machine answers by itself, before cache and upstream: the hosts file, then policy. Policy does not apply
/// to zones of the local network. One per worker.
class LocalData {
public:
  /// Both must outlive it.
  LocalData(const Policy& policy, const Routes& routes) : policy_(&policy), routes_(routes) {}

  /// Uses this hosts file from now on; never null.
  void set_hosts(std::shared_ptr<const Hosts> hosts) { hosts_ = std::move(hosts); }
  /// Uses this policy from now on, which must outlive its use.
  void set_policy(const Policy& policy) { policy_ = &policy; }
  const Hosts& hosts() const { return *hosts_; }
  const Policy& policy() const { return *policy_; }

  /// A quick check that is false for most questions that find() will not answer. No allocation.
  bool might_answer(const QuestionView& question, const CacheKey& key) const {
    return hosts_->might_hold(key.name()) || policy_->might_answer(key.name(), question.type, question.qclass);
  }
  /// The answer to `question`, with its key `key`; nothing if the cache and the upstreams must answer.
  std::optional<AnswerImage> find(const QuestionView& question, const CacheKey& key,
                                  Asker asker = Asker::this_machine) const;

private:
  const Policy* policy_;
  const Routes& routes_;
  std::shared_ptr<const Hosts> hosts_ = std::make_shared<const Hosts>();
};

}  // namespace tacet
