#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <vector>

#include "observe/journal.hpp"

/// What the exposure ledger adds to an answer from the cache: at most 50 ns, and nothing when it is off.
namespace {

using namespace tacet;

struct Question {
  std::uint64_t hash;
  std::string name;
};

std::vector<Question> questions(std::size_t count) {
  std::vector<Question> all;
  for (std::size_t number = 0; number < count; ++number) {
    const Name name = Name::from_text(fmt::format("host{}.some.example", number)).value();
    all.push_back({(number + 1) * 0x9E3779B97F4A7C15U, {name.wire().begin(), name.wire().end()}});
  }
  return all;
}

Resolved resolved(const Question& question) {
  const auto* octets = reinterpret_cast<const std::uint8_t*>(question.name.data());
  return {question.hash, {octets, question.name.size()}, Type::a};
}

/// Answers for `range` names in turn, all seen before.
void touch(benchmark::State& state, ExposureMode mode) {
  Metrics metrics;
  Ledger ledger(mode);
  Journal journal(metrics, ledger);
  const auto all = questions(static_cast<std::size_t>(state.range(0)));
  for (const Question& question : all) journal.resolved(resolved(question), Instant{});
  std::size_t at = 0;
  Instant now{};
  for (auto _ : state) {
    journal.resolved(resolved(all[at]), now);
    now += std::chrono::nanoseconds(1);
    if (++at == all.size()) at = 0;
  }
}

/// Answers for names that were never seen, with the ledger full: every one evicts another.
void admit(benchmark::State& state) {
  Metrics metrics;
  Ledger ledger(ExposureMode::passive);
  Journal journal(metrics, ledger);
  const auto all = questions(16 * Ledger::most_names);
  std::size_t at = 0;
  for (auto _ : state) {
    journal.resolved(resolved(all[at]), Instant{});
    if (++at == all.size()) at = 0;
  }
}

BENCHMARK_CAPTURE(touch, off, ExposureMode::off)->Arg(1000);
BENCHMARK_CAPTURE(touch, passive, ExposureMode::passive)->Arg(1)->Arg(100)->Arg(1000)->Arg(4000);
BENCHMARK(admit);

}  // namespace

BENCHMARK_MAIN();
