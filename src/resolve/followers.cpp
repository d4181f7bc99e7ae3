#include "resolve/followers.hpp"

#include <algorithm>

namespace tacet {
namespace {

/// A question is likely if it came the last time, or most times before. It is forgotten after four times without it.
constexpr std::uint8_t first_score = 160, likely_from = 96, forgotten_below = 16;

}  // namespace

Followers::Followers() : leaders_(std::make_unique_for_overwrite<Leader[]>(most_leaders)) {}

bool Followers::note(QuestionHash question, NameHash name, Instant now) {
  close_ended(now);
  const bool leads = std::exchange(quiet_, false);
  if (leads) open(name, now);
  if (open_ > 0 && count_ < most_noted) noted_[count_++] = {question, now};
  listening_ = open_ > 0 && count_ < most_noted;
  return leads;
}

std::vector<Followers::QuestionHash> Followers::likely(NameHash name, Instant now) const {
  std::vector<QuestionHash> likely;
  const Leader* leader = find(name, now);
  if (leader == nullptr) return likely;
  likely.reserve(leader->count);
  for (std::size_t i = 0; i < leader->count; ++i)
    if (leader->scores[i] >= likely_from) likely.push_back(leader->questions[i]);
  return likely;
}

void Followers::clear() {
  open_ = count_ = known_ = 0;
  listening_ = quiet_ = false;
}

// Windows.

void Followers::open(NameHash leader, Instant now) {
  if (open_ == most_windows) close_first();
  windows_[open_++] = {leader, now, count_};
}

void Followers::close_ended(Instant now) {
  while (open_ > 0 && now - windows_[0].begun >= window) close_first();
}

/// Learns what the oldest window has seen, and drops what no other window has.
void Followers::close_first() {
  const Window closed = windows_[0];
  std::move(windows_.begin() + 1, windows_.begin() + open_, windows_.begin());
  --open_;
  const auto in_time = [&](const Noted& noted) { return noted.at - closed.begun < window; };
  const Noted* first = noted_.data() + closed.first;
  const Noted* const end = std::find_if_not(first, static_cast<const Noted*>(noted_.data() + count_), in_time);
  first = std::find_if(first, end, [&](const Noted& noted) { return noted.at - closed.begun >= together; });
  if (first != end || find(closed.leader, closed.begun) != nullptr) {
    Leader& leader = place_for(closed.leader, closed.begun);
    leader.fade(first, end);
    for (const Noted* each = first; each != end; ++each) leader.learn(each->question);
  }
  const std::size_t unused = open_ > 0 ? windows_[0].first : count_;
  std::move(noted_.begin() + unused, noted_.begin() + count_, noted_.begin());
  count_ -= unused;
  for (std::size_t i = 0; i < open_; ++i) windows_[i].first -= unused;
}

// Leaders.

Followers::Leader* Followers::find(NameHash name, Instant now) const {
  Leader* const end = leaders_.get() + known_;
  Leader* const found = std::find_if(leaders_.get(), end, [name](const Leader& each) { return each.name == name; });
  return found != end && now - found->led < memory ? found : nullptr;
}

/// The leader's place, with what is known of it; a new one replaces the one that has not led for longest.
Followers::Leader& Followers::place_for(NameHash name, Instant now) {
  if (Leader* known = find(name, now)) {
    known->led = now;
    return *known;
  }
  Leader* const end = leaders_.get() + known_;
  Leader* place = known_ < most_leaders ? leaders_.get() + known_++
                                        : std::ranges::min_element(leaders_.get(), end, {}, &Leader::led);
  place->name = name;
  place->led = now;
  place->count = 0;
  return *place;
}

/// Lowers the score of each follower that did not come, and forgets those that do not come any more.
void Followers::Leader::fade(const Noted* first, const Noted* end) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const bool came = std::any_of(first, end, [&](const Noted& noted) { return noted.question == questions[i]; });
    const auto score = static_cast<std::uint8_t>(came ? scores[i] : scores[i] / 2);
    if (score < forgotten_below) continue;
    questions[kept] = questions[i];
    scores[kept++] = score;
  }
  count = static_cast<std::uint16_t>(kept);
}

void Followers::Leader::learn(QuestionHash question) {
  const auto end = questions.begin() + count;
  const auto found = std::find(questions.begin(), end, question);
  if (found != end) {
    std::uint8_t& score = scores[static_cast<std::size_t>(found - questions.begin())];
    score = static_cast<std::uint8_t>(score + (255 - score) / 2);
  } else if (count < most_followers) {
    questions[count] = question;
    scores[count++] = first_score;
  }
}

}  // namespace tacet
