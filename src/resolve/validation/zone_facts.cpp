#include "resolve/validation/zone_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <coroutine>
#include <new>
#include <ranges>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"
#include "dns/edns.hpp"
#include "dns/name_text.hpp"
#include "pool/pool_query.hpp"
#include "privacy/public_suffix.hpp"

namespace tacet {
namespace {

/// Each fact is found out, or not, within this time.
constexpr Duration fact_limit = std::chrono::milliseconds(3500);
/// How many servers are asked for a fact until one answers it with a proof.
constexpr int most_servers = 3;
/// Answers that wait for facts at one time.
constexpr std::size_t most_waiting = 16384;

std::string words_for(const Question& question) {
  return fmt::format("{} of {}", to_string(question.type), name_text(question.name));
}

Judgement unknown(std::string why) {
  return {.status = SecurityStatus::indeterminate, .why = ExtendedError{ede::dnssec_indeterminate, std::move(why)}};
}

/// A fact that cannot be right, in the form that a flight hands to its waiters.
Fetched wrong(const Learned& learned) {
  Fetched fetched;
  fetched.image.security = SecurityStatus::bogus;
  fetched.image.extended_error = learned.why;
  return fetched;
}

/// What the result of a flight means for the answers that need it; nothing if they have what they need.
std::optional<Judgement> judgement_of(const FetchResult& result) {
  if (!*result) return unknown(result->error().detail);
  const AnswerImage& image = (*result)->image;
  if (image.security != SecurityStatus::bogus) return std::nullopt;
  return Judgement{.status = SecurityStatus::bogus, .why = image.extended_error};
}

/// The name up to which questions are guessed: below the registrable domain, few names begin a zone.
Name registrable(const Question& question) {
  const auto domain = registrable_domain(lower_case(name_text(question.name)));
  return Name::from_text(domain).value_or(Name{});
}

/// Lets all that is running now go first. A client's question so leaves before those that only its proof needs: some
/// servers answer one after the other.
class LetOthersGoFirst {
public:
  explicit LetOthersGoFirst(Scheduler& scheduler) : scheduler_(scheduler) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiter_.handle = waiting;
    scheduler_.make_ready(waiter_);
  }
  void await_resume() const noexcept {}

private:
  Scheduler& scheduler_;
  Resumable waiter_;
};

/// True if the fact will be needed whatever the ones above it turn out to be. An unsigned zone needs none below it.
bool is_likely(const Question& need) { return need.type != Type::ds || registrable(need) == need.name; }

}  // namespace

ZoneFacts::ZoneFacts(Scheduler& scheduler, TaskGroup& tasks, Metrics& metrics, const HashSeed& seed,
                     std::shared_ptr<LogGates> gates)
    : scheduler_(scheduler),
      tasks_(tasks),
      metrics_(metrics),
      seed_(seed),
      table_(seed.first),
      in_flight_(scheduler, most_waiting),
      gates_(std::move(gates)) {}

void ZoneFacts::forget() {
  table_.forget();
  failures_ = {};
  root_fault_.clear();
}

void ZoneFacts::foresee(const std::shared_ptr<Upstream>& upstreams, const Question& question) {
  guesses_ = std::min(most_guesses, guesses_ + guesses_per_question);
  const Needs needs = foreseen(question, table_, wall_time());
  if (needs.questions.empty()) return;
  const Name domain = registrable(question);
  for (const Question& need : needs.questions) {
    if (guesses_ < 1) return;
    if (domain.under(need.name) && begin(upstreams, need)) guesses_ -= 1;
  }
  // While not even the anchor's keys are known, the connection is fresh too, and each round trip counts. Later on, most
  // zones are unsigned, and their keys would be asked for in vain.
  const bool knows_nothing = needs.questions.front().type == Type::dnskey;
  if (knows_nothing && guesses_ >= 1 && begin(upstreams, {domain, Type::dnskey, Class::in})) guesses_ -= 1;
}

void ZoneFacts::warm_up(const std::shared_ptr<Upstream>& upstreams) {
  const Name root;
  const ProvenZone* anchor = table_.find(root, wall_time());
  if (anchor != nullptr && anchor->state == ZoneState::delegated) begin(upstreams, {root, Type::dnskey, Class::in});
}

/// True if a flight begins.
bool ZoneFacts::begin(const std::shared_ptr<Upstream>& upstreams, const Question& question) {
  const CacheKey key = key_of(question);
  if (failures_.peek(key, scheduler_.now()) || in_flight_.crowded() || in_flight_.begin(key)) return false;
  launch(upstreams, question);
  return true;
}

void ZoneFacts::launch(const std::shared_ptr<Upstream>& upstreams, const Question& question) {
  try {
    tasks_.spawn(fly(upstreams, question));
  } catch (const std::bad_alloc&) {
    log::escaped("a question for keys");
    in_flight_.refuse(key_of(question));
  }
}

Task<std::optional<Judgement>> ZoneFacts::provide(std::shared_ptr<Upstream> upstreams, Needs needs, Inquiry& inquiry) {
  if (needs.paused) {
    const Instant place = pace_.next_place(inquiry.budget, scheduler_.now());
    if (place >= inquiry.deadline) co_return unknown("there is too much to verify");
    AutoResetEvent turn(scheduler_);
    co_await turn.wait(place);
    co_return std::nullopt;
  }
  const auto was_asked = [&](const Question& question) {
    return std::ranges::find(inquiry.asked, question) != inquiry.asked.end();
  };
  const bool is_shortcut = needs.shortcut && inquiry.questions_left > 0 && !was_asked(*needs.shortcut);
  const Question first = is_shortcut ? *needs.shortcut : needs.questions.front();
  if (was_asked(first)) co_return unknown(fmt::format("what was learned of the {} does not suffice", words_for(first)));
  inquiry.asked.push_back(first);
  const CacheKey key = key_of(first);
  const auto outcome = [&](const FetchResult& result) { return is_shortcut ? std::nullopt : judgement_of(result); };
  if (const FetchResult known = failures_.recall(key, scheduler_.now())) co_return outcome(known);
  InFlight::FlightWaiter waiter(in_flight_, key);
  if (waiter.leads() && inquiry.questions_left == 0) {
    in_flight_.refuse(key);
    co_return unknown(fmt::format("the {} would be one question too many", words_for(first)));
  }
  if (waiter.leads()) {
    --inquiry.questions_left;
    launch(upstreams, first);
  }
  for (const Question& need : needs.questions)
    if (inquiry.questions_left > 0 && is_likely(need) && begin(upstreams, need)) --inquiry.questions_left;
  const std::optional<FetchResult> found = co_await waiter.wait(inquiry.deadline);
  if (!found) co_return unknown(fmt::format("no answer came in time about the {}", words_for(first)));
  co_return outcome(*found);
}

std::variant<Judgement, Needs> ZoneFacts::judge_now(const AnswerPart& part, Inquiry& inquiry) {
  if (!pace_.begin(inquiry.budget, scheduler_.now())) return Needs{.paused = true};
  auto judged = judge(part, table_, wall_time(), inquiry.budget);
  pace_.end(inquiry.budget);
  return judged;
}

/// Tells all waiters. If it ends by an exception (no memory), it still does.
Task<void> ZoneFacts::fly(std::shared_ptr<Upstream> upstreams, Question question) {
  const CacheKey key = key_of(question);
  try {
    LetOthersGoFirst turn(scheduler_);
    co_await turn;
    Task<Result<Fetched>> finding = find_out(std::move(upstreams), question);
    Result<Fetched> found = co_await std::move(finding);
    tell(question, found);
    const bool is_bogus = found && found->image.security == SecurityStatus::bogus;
    const FetchResult result = std::make_shared<const Result<Fetched>>(std::move(found));
    if (is_bogus) failures_.remember(key, result, scheduler_.now());
    in_flight_.land(key, result);
  } catch (...) {
    in_flight_.refuse(key);
    throw;
  }
}

/// Asks one server after the other until an answer proves something. An answer that proves nothing is more often a
/// gap in one server's cache than anything else.
Task<Result<Fetched>> ZoneFacts::find_out(std::shared_ptr<Upstream> upstreams, Question question) {
  Inquiry inquiry{.deadline = scheduler_.now() + fact_limit};
  Message query = upstream_query(question, true, true);
  std::vector<std::string> passed_over;
  std::optional<Learned> wrong_one;
  Error error{Fault::unproven, fmt::format("no server answers about the {}", words_for(question))};
  for (int server = 0; server < most_servers; ++server) {
    ++metrics_.dnssec_questions;
    Task<Result<Response>> asking = upstreams->exchange_elsewhere(query, inquiry.deadline, passed_over);
    const Result<Response> response = co_await std::move(asking);
    if (!response) {
      error = {response.error().fault,
               fmt::format("no answer about the {}: {}", words_for(question), response.error().detail)};
      break;
    }
    if (is_failure(response->message.rcode())) {
      error.detail = fmt::format("{} answers {} about the {}", response->exchange.upstream,
                                 to_string(response->message.rcode()), words_for(question));
    } else {
      Task<Result<Learned>> learning = learn_from(upstreams, response->message, inquiry);
      const Result<Learned> learned = co_await std::move(learning);
      if (!learned) co_return fail(learned.error());
      if (learned->outcome == Learned::Outcome::proven || learned->outcome == Learned::Outcome::needless)
        co_return Fetched{};
      wrong_one = *learned;
      if (learned->outcome == Learned::Outcome::unsigned_alias)
        query = upstream_query({question.name, Type::cname, Class::in}, true, true);
      inquiry.asked.clear();
    }
    passed_over.push_back(response->exchange.upstream);
  }
  if (wrong_one) co_return wrong(*wrong_one);
  co_return fail(std::move(error));
}

/// An answer can need other facts first: a DS record those of its parent's keys.
Task<Result<Learned>> ZoneFacts::learn_from(std::shared_ptr<Upstream> upstreams, const Message& message,
                                            Inquiry& inquiry) {
  for (;;) {
    std::variant<Learned, Needs> learned = Needs{.paused = true};
    if (pace_.begin(inquiry.budget, scheduler_.now())) {
      learned = learn(message, table_, wall_time(), inquiry.budget);
      pace_.end(inquiry.budget);
    }
    if (auto* done = std::get_if<Learned>(&learned)) co_return std::move(*done);
    Task<std::optional<Judgement>> providing = provide(upstreams, std::get<Needs>(std::move(learned)), inquiry);
    const std::optional<Judgement> obstacle = co_await std::move(providing);
    if (!obstacle) continue;
    if (obstacle->status == SecurityStatus::bogus) co_return Learned{Learned::Outcome::bogus, obstacle->why};
    co_return fail(Fault::unproven, obstacle->why->text);
  }
}

/// Without keys of the root, no name resolves: the log and the status must say so, unless nobody answers at all.
void ZoneFacts::tell(const Question& question, const Result<Fetched>& found) {
  const bool is_bogus = found && found->image.security == SecurityStatus::bogus;
  const std::string why = !is_bogus ? "" : found->image.extended_error ? found->image.extended_error->text : "unproven";
  if (is_bogus) log::debug("the {}: {}", words_for(question), why);
  if (!question.name.is_root() || (!found && found.error().fault != Fault::unproven)) return;
  root_fault_ = found ? why : found.error().detail;
  if (!is_bogus) return;
  if (gates_->no_root_keys.pass(scheduler_.now()))
    log::warn("no trust anchor proves the keys of the root, so no answer can be proven: {}", why);
}

}  // namespace tacet
