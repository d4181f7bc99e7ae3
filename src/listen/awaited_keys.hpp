#pragma once
#include <algorithm>
#include <vector>

#include "base/scheduler.hpp"
#include "tacet/name.hpp"

namespace tacet {

/// Which questions for keys (type 65, RFC 9460) of one client wait for their answers, so that the addresses of the same
/// names do not overtake them. A browser asks for both at once. If the key comes much later than the addresses, it
/// connects without, and the network reads the name of the site.
class AwaitedKeys {
public:
  /// Addresses that are ready wait at most so long.
  static constexpr Duration patience = std::chrono::milliseconds(250);

  AwaitedKeys() = default;
  AwaitedKeys(const AwaitedKeys&) = delete;
  AwaitedKeys& operator=(const AwaitedKeys&) = delete;

  bool empty() const { return questions_.empty(); }
  /// Whether a question for the key of `name` waits.
  bool awaits(const Name& name) const {
    return std::ranges::any_of(questions_, [&](const KeyQuestion* it) { return it->name() == name; });
  }

  /// A question for the key of a name, as long as it waits. The AwaitedKeys must outlive it.
  class KeyQuestion {
  public:
    /// std::bad_alloc.
    KeyQuestion(AwaitedKeys& keys, const Name& name) : keys_(keys), name_(name) { keys_.questions_.push_back(this); }
    ~KeyQuestion();
    KeyQuestion(const KeyQuestion&) = delete;
    KeyQuestion& operator=(const KeyQuestion&) = delete;
    const Name& name() const { return name_; }

  private:
    AwaitedKeys& keys_;
    const Name name_;
  };

  /// The addresses of a name that wait. The AwaitedKeys must outlive it.
  class Hold {
  public:
    /// std::bad_alloc.
    Hold(AwaitedKeys& keys, const Name& name, Scheduler& scheduler) : keys_(keys), name_(name), over_(scheduler) {
      keys_.holds_.push_back(this);
    }
    ~Hold() { std::erase(keys_.holds_, this); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

    /// To be awaited: until no question for the key of this name waits, or `until`.
    auto wait(Instant until) { return over_.wait(until); }

  private:
    friend class KeyQuestion;
    AwaitedKeys& keys_;
    const Name name_;
    AutoResetEvent over_;
  };

private:
  std::vector<const KeyQuestion*> questions_;
  std::vector<Hold*> holds_;
};

inline AwaitedKeys::KeyQuestion::~KeyQuestion() {
  std::erase(keys_.questions_, this);
  if (keys_.awaits(name_)) return;
  for (Hold* const hold : keys_.holds_)
    if (hold->name_ == name_) hold->over_.set();
}

}  // namespace tacet
