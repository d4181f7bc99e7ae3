#pragma once
#include <algorithm>
#include <vector>

#include "base/scheduler.hpp"
#include "tacet/name.hpp"

namespace tacet {

/// The questions for HTTPS records (type 65, RFC 9460) of one client that wait for their answers. The addresses of the
/// same names must not overtake them: the record holds the key that hides the name of the site (ECH). A browser asks
/// for both at once. If the record comes much later than the addresses, the browser connects without the key, and the
/// network reads the name.
class AwaitedHttpsRecords {
public:
  /// Addresses that are ready wait at most so long.
  static constexpr Duration patience = std::chrono::milliseconds(250);

  AwaitedHttpsRecords() = default;
  AwaitedHttpsRecords(const AwaitedHttpsRecords&) = delete;
  AwaitedHttpsRecords& operator=(const AwaitedHttpsRecords&) = delete;

  bool empty() const { return questions_.empty(); }
  /// Whether a question for the HTTPS record of `name` waits.
  bool awaits(const Name& name) const {
    return std::ranges::any_of(questions_, [&](const HttpsQuestion* it) { return it->name() == name; });
  }

  /// A question for the HTTPS record of a name, as long as it waits. The AwaitedHttpsRecords must outlive it.
  class HttpsQuestion {
  public:
    /// std::bad_alloc.
    HttpsQuestion(AwaitedHttpsRecords& records, const Name& name) : records_(records), name_(name) {
      records_.questions_.push_back(this);
    }
    ~HttpsQuestion();
    HttpsQuestion(const HttpsQuestion&) = delete;
    HttpsQuestion& operator=(const HttpsQuestion&) = delete;
    const Name& name() const { return name_; }

  private:
    AwaitedHttpsRecords& records_;
    const Name name_;
  };

  /// The addresses of a name that wait. The AwaitedHttpsRecords must outlive it.
  class Hold {
  public:
    /// std::bad_alloc.
    Hold(AwaitedHttpsRecords& records, const Name& name, Scheduler& scheduler)
        : records_(records),
          name_(name),
          over_(scheduler) {
      records_.holds_.push_back(this);
    }
    ~Hold() { std::erase(records_.holds_, this); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

    /// To be awaited: until no question for the HTTPS record of this name waits, or `until`.
    auto wait(Instant until) { return over_.wait(until); }

  private:
    friend class HttpsQuestion;
    AwaitedHttpsRecords& records_;
    const Name name_;
    AutoResetEvent over_;
  };

private:
  std::vector<const HttpsQuestion*> questions_;
  std::vector<Hold*> holds_;
};

inline AwaitedHttpsRecords::HttpsQuestion::~HttpsQuestion() {
  std::erase(records_.questions_, this);
  if (records_.awaits(name_)) return;
  for (Hold* const hold : records_.holds_)
    if (hold->name_ == name_) hold->over_.set();
}

}  // namespace tacet
