#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pool/pool.hpp"
#include "unit/pool/upstream_fixture.hpp"

namespace tacet::fixture {

inline constexpr Duration limit = 4500ms;
inline const auto silent = answers(1h);

/// One operator: its services, each a list of its channels' scripts.
using Services = std::vector<std::vector<FakeUpstream::Script>>;

struct Told {
  Instant asked_at;
  std::optional<Result<Response>> result;
  Duration taken{};
  bool good() const { return result && *result && (*result)->message.rcode() == Rcode::noerror; }
};

/// A pool over fakes, and what it told whom when.
struct Lab : World {
  explicit Lab(const std::vector<Services>& operators) {
    std::vector<UpstreamOperator> built;
    for (const Services& services : operators) {
      UpstreamOperator& op =
          built.emplace_back("operator " + std::to_string(built.size()), std::vector<UpstreamService>{});
      for (const auto& scripts : services) {
        UpstreamService& service = op.services.emplace_back();
        for (const auto& script : scripts) {
          auto fake = std::make_unique<FakeUpstream>(scheduler, "channel " + std::to_string(fakes.size()), script);
          fake->now_.warm = true;
          fakes.push_back(fake.get());
          service.channels.push_back(std::move(fake));
        }
      }
    }
    pool = std::make_unique<Pool>(scheduler, tasks, metrics, std::move(built));
  }

  Task<void> asking(std::string name, Told& told) {
    const Message query = upstream_query(question(name), false, false);
    told.result = co_await pool->exchange(query, told.asked_at + limit);
    told.taken = clock.now() - told.asked_at;
  }
  Task<void> asking_elsewhere(Told& told) {
    const Message query = upstream_query(question("www.example"), true, true);
    told.result = co_await pool->exchange_elsewhere(query, told.asked_at + limit, {});
  }
  Told& ask(std::string name = "www.example") {
    Told& told = all_told.emplace_back(Told{clock.now(), std::nullopt});
    tasks.spawn(asking(std::move(name), told));
    return told;
  }
  /// Asks so many names of a zone, 20 ms apart.
  void ask_many(int count, const std::string& zone) {
    for (int i = 0; i < count; ++i) {
      ask("n" + std::to_string(i) + zone);
      pass(20ms);
    }
  }
  std::size_t asked(std::size_t channel) const { return fakes[channel]->asked.size(); }

  Metrics metrics;
  std::vector<FakeUpstream*> fakes;
  std::deque<Told> all_told;
  std::unique_ptr<Pool> pool;
  TaskGroup tasks;
};

/// Answers fast, but never to names that begin with "lame".
inline FakeUpstream::Step lame_or_fast(const Message& query) {
  return query.question().name.to_string().starts_with("lame") ? silent(query) : answers(20ms)(query);
}

}  // namespace tacet::fixture
