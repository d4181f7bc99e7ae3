#pragma once
#include <memory>
#include <optional>
#include <utility>

#include "resolve/hosts.hpp"
#include "resolve/policy.hpp"
#include "resolve/routes.hpp"

namespace tacet {

/// A question whose name lies elsewhere: valid as long as that.
struct QuestionView {
  Bytes name;  ///< wire form, spelled as it was asked
  Type type;
  Class qclass;

  static QuestionView of(Bytes query, const MessageIndex& index) {
    return {query.subspan(12, index.question_ends - 16U), index.type, index.qclass};
  }
  static QuestionView of(const Question& question) { return {question.name.wire(), question.type, question.qclass}; }
  Question copy() const { return {Name::from_checked_wire(name), type, qclass}; }
};

/// What this machine answers by itself, before any cache and upstream: the hosts file, then policy, which the zones of
/// the local network are free of. One per worker.
class LocalData {
public:
  /// Both must outlive it.
  LocalData(const Policy& policy, const Routes& routes) : policy_(&policy), routes_(routes) {}

  /// From now on this hosts file counts; never null.
  void set_hosts(std::shared_ptr<const Hosts> hosts) { hosts_ = std::move(hosts); }
  /// From now on this policy counts, which must outlive its use.
  void set_policy(const Policy& policy) { policy_ = &policy; }
  const Hosts& hosts() const { return *hosts_; }
  const Policy& policy() const { return *policy_; }

  /// A cheap look that tells most questions apart from those that find() may answer: false means it will not. No
  /// allocation.
  bool might_answer(const QuestionView& question, const CacheKey& key) const {
    return hosts_->might_hold(key.name()) || policy_->might_answer(key.name(), question.type, question.qclass);
  }
  /// The answer to `question`, whose key is `key`; nothing if it is for the cache and the upstreams.
  std::optional<AnswerImage> find(const QuestionView& question, const CacheKey& key,
                                  Asker asker = Asker::this_machine) const;

private:
  const Policy* policy_;
  const Routes& routes_;
  std::shared_ptr<const Hosts> hosts_ = std::make_shared<const Hosts>();
};

}  // namespace tacet
