#pragma once
#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/scheduler.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// An upstream that the test owns, for those who hold theirs.
inline std::shared_ptr<Upstream> borrowed(Upstream& upstream) { return {std::shared_ptr<void>(), &upstream}; }

/// An upstream that does what a script says and counts what it was asked. A delay of zero answers before exchange()
/// first waits; one beyond the deadline is a timeout at the deadline.
class FakeUpstream final : public Upstream {
public:
  struct Step {
    Duration delay{};
    Result<Message> answer = fail(Fault::timeout);
  };
  using Script = std::function<Step(const Message& query)>;

  FakeUpstream(Scheduler& scheduler, std::string id, Script told)
      : script(std::move(told)),
        scheduler_(scheduler),
        id_(std::move(id)) {}

  std::string_view id() const override { return id_; }
  UpstreamState state() const override { return now_; }
  bool warm() const override { return now_.warm; }
  bool held_up() const override { return held_up_; }
  void prepare() override { ++prepared; }
  void network_changed() override { ++network_changes; }

  Task<Result<Response>> exchange(const Message& query, Instant deadline) override {
    asked.push_back(query.question());
    const Step step = script(query);
    const Outstanding counted(now_.outstanding);
    AutoResetEvent event(scheduler_);
    if (step.delay > Duration::zero()) co_await event.wait(std::min(deadline, scheduler_.now() + step.delay));
    ++ended;
    if (!step.answer) co_return fail(step.answer.error());
    if (scheduler_.now() >= deadline) co_return fail(Fault::timeout, "no answer in time");
    co_return Response{*step.answer, {id_, facts_, step.delay}};
  }

  Script script;
  std::vector<Question> asked;
  std::size_t ended = 0;
  unsigned network_changes = 0, prepared = 0;
  UpstreamState now_;  // as state() tells it
  bool held_up_ = false;

private:
  struct Outstanding {
    explicit Outstanding(std::uint32_t& counter) : count(counter) { ++count; }
    ~Outstanding() { --count; }
    std::uint32_t& count;
  };
  Scheduler& scheduler_;
  std::string id_;
  std::shared_ptr<const ConnectionFacts> facts_ = std::make_shared<const ConnectionFacts>();
};

}  // namespace tacet
