#include "privacy/ledger.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "base/text.hpp"

namespace tacet {
namespace {

constexpr std::size_t rows = 4096;
/// The serial that no shortcut has.
constexpr std::uint32_t nobody = 0xFFFFFFFF;
/// The approximate size of a node in the index of names.
constexpr std::size_t index_cost = 64;
/// An eviction compares so many entries and drops the one that was not seen for longest.
constexpr std::uint32_t sample = 16;

/// "#2" behind a URL numbers the connections of one upstream.
std::string_view without_number(std::string_view id) {
  const auto mark = id.rfind('#');
  const bool numbered = mark != std::string_view::npos && mark + 1 < id.size() &&
                        std::ranges::all_of(id.substr(mark + 1), [](char c) { return c >= '0' && c <= '9'; });
  return numbered ? id.substr(0, mark) : id;
}

}  // namespace

Ledger::Ledger(ExposureMode mode, std::size_t names) : mode_(mode), most_names_(names) { use(mode, names); }

void Ledger::use(ExposureMode mode, std::size_t names) {
  mode_ = mode;
  if (!keeps_names() || names != most_names_) clear();
  if (std::exchange(most_names_, names) != names) {
    rows_.clear();
    free_.clear();
    entries_ = std::vector<Entry>();  // {} would keep the memory
    tallies_ = std::vector<Tally>();
  }
  if (!keeps_names()) return;
  if (!rows_.empty()) return;
  try {
    entries_.reserve(most_names_ + 1);
    tallies_.reserve(most_names_ + 1);
    free_.reserve(most_names_ + 1);
    if (entries_.empty()) {
      entries_.emplace_back();
      tallies_.emplace_back().serial = nobody;
    }
    rows_.resize(rows);
  } catch (const std::bad_alloc&) {
    mode_ = ExposureMode::off;
    throw;
  }
}

std::size_t Ledger::cost(const NameExposure& name) {
  return sizeof(Entry) + sizeof(Tally) + index_cost + name.name.capacity() + name.upstream.capacity() +
         name.public_name.capacity() + name.owner.capacity() + name.alias.capacity() + name.rdata.capacity() +
         name.history.capacity() * sizeof(Sighting);
}

void Ledger::admit(std::uint64_t hash, Bytes name, Instant now, AskedBy by) {
  // Once the ledger is full, it admits names at a limited pace. Under load, names come so fast that each would evict
  // another, and the hot path would do little else.
  if (full()) {
    if (now < admits_again_) {
      ++forgotten_;
      return;
    }
    admits_again_ = now + admission_pace;
  }
  std::uint32_t number = 0;
  try {
    number = entry_of(name);
  } catch (const std::bad_alloc&) {  // the client still gets its answer
    ++forgotten_;
    return;
  }
  count(number, now, by);
  const Tally& tally = tallies_[number];
  Row& shortcuts = row(hash);
  const auto dead = std::ranges::find_if(
      shortcuts, [&](const Shortcut& shortcut) { return tallies_[shortcut.entry].serial != shortcut.serial; });
  Shortcut& place = dead != shortcuts.end() ? *dead : shortcuts[tally.serial % ways];
  place = {hash, number, tally.serial};
}

std::uint32_t Ledger::entry_of(Bytes name) {
  if (const auto known = by_name_.find(chars_of(name)); known != by_name_.end()) return known->second;
  while (full()) evict_one();
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(entries_.size()));
    entries_.emplace_back();
    tallies_.emplace_back();
  }
  const std::uint32_t number = free_.back();
  Entry& entry = entries_[number];
  entry.exposure.name = chars_of(name);
  by_name_.emplace(entry.exposure.name, number);
  free_.pop_back();  // from here on nothing can fail
  tallies_[number].serial = next_serial_++;
  if (next_serial_ == nobody) next_serial_ = 1;
  octets_ += cost(entry.exposure);
  return number;
}

Ledger::Entry* Ledger::find(Bytes name) {
  const auto known = by_name_.find(chars_of(name));
  return known != by_name_.end() ? &entries_[known->second] : nullptr;
}

/// Evicts the oldest of a few random entries: nearly the oldest of all, at a constant cost.
void Ledger::evict_one() {
  std::uint32_t oldest = 0;
  for (std::uint32_t seen = 0; seen < sample || oldest == 0; ++seen) {
    random_ = random_ * 1664525U + 1013904223U;
    const auto number = 1 + (random_ >> 8) % static_cast<std::uint32_t>(entries_.size() - 1);
    if (tallies_[number].serial == 0) continue;
    if (oldest == 0 || tallies_[number].last_query < tallies_[oldest].last_query) oldest = number;
  }
  ++forgotten_;
  erase(oldest);
}

void Ledger::erase(std::uint32_t number) {
  Entry& entry = entries_[number];
  octets_ -= cost(entry.exposure);
  if (!entry.exposure.alias.empty()) --aliases_;
  by_name_.erase(entry.exposure.name);
  entry = {};
  tallies_[number] = {};
  free_.push_back(number);
}

bool Ledger::wants_evidence(Bytes name, Instant now) {
  if (!asks_itself()) return false;
  Entry* entry = find(name);
  if (entry == nullptr || !entry->exposure.history.empty()) return false;
  if (entry->was_asked && now - entry->asked < asks_again) return false;
  entry->asked = now;
  entry->was_asked = true;
  return true;
}

bool Ledger::knows(Bytes name) const {
  const auto known = by_name_.find(chars_of(name));
  return known != by_name_.end() && !entries_[known->second].exposure.history.empty();
}

void Ledger::learn(Bytes name, const HttpsEvidence& evidence, const Provenance& provenance) {
  if (!keeps_names()) return;
  if (evidence.malformed) ++malformed_;
  if (evidence.state == EchState::unknown && !evidence.alias) return;
  // The ledger learns from the answer to a client's question before it counts the question.
  if (provenance.origin == EvidenceOrigin::client) entry_of(name);
  if (Entry* entry = find(name)) note(entry->exposure, evidence, provenance);
  for (std::size_t number = 1; aliases_ > 0 && number < entries_.size(); ++number)
    if (entries_[number].exposure.alias == chars_of(name)) note(entries_[number].exposure, evidence, provenance);
  while (octets_ > most_names_ * octets_a_name) evict_one();
}

void Ledger::note(NameExposure& known, const HttpsEvidence& evidence, const Provenance& provenance) {
  struct Counted {  // also if a lack of memory ends the note half-way
    Ledger& ledger;
    const NameExposure& name;
    Counted(Ledger& counts, const NameExposure& counted) : ledger(counts), name(counted) {
      ledger.octets_ -= cost(name);
      ledger.aliases_ -= name.alias.empty() ? 0 : 1;
    }
    ~Counted() {
      ledger.octets_ += cost(name);
      ledger.aliases_ += name.alias.empty() ? 0 : 1;
    }
  } const counted(*this, known);
  known.note(evidence, provenance);
}

EndpointExposure* Ledger::endpoint(std::string_view upstream, const std::string& address) {
  const auto known = std::ranges::find_if(endpoints_, [&](const EndpointExposure& other) {
    return other.upstream == upstream && other.facts->address == address;
  });
  return known != endpoints_.end() ? &*known : nullptr;
}

void Ledger::connected(const std::string& upstream, const ConnectionFacts& facts, Instant now) {
  auto kept = std::make_shared<const ConnectionFacts>(facts);
  EndpointExposure* known = endpoint(upstream, facts.address);
  if (known == nullptr) {
    if (endpoints_.size() >= most_endpoints)
      endpoints_.erase(std::ranges::min_element(endpoints_, {}, &EndpointExposure::last_use));
    known = &endpoints_.emplace_back(EndpointExposure{.upstream = upstream, .facts = nullptr});
  }
  known->facts = std::move(kept);
  ++known->connections;
  known->resumptions += facts.resumed ? 1 : 0;
  known->last_use = now;
}

void Ledger::failed(FailedQuestion question) {
  if (!keeps_names()) return;
  const auto known = std::ranges::find_if(
      failures_, [&](const auto& other) { return other.name == question.name && other.type == question.type; });
  if (known != failures_.end()) {
    question.times += known->times;
    *known = std::move(question);
  } else if (failures_.size() < most_failures) {
    failures_.push_back(std::move(question));
  } else {
    *std::ranges::min_element(failures_, {}, &FailedQuestion::last) = std::move(question);
  }
}

void Ledger::answered(const Exchange& exchange, bool padded, Instant now) {
  if (!exchange.facts) return;
  EndpointExposure* known = endpoint(without_number(exchange.upstream), exchange.facts->address);
  if (known == nullptr) return;
  ++known->answers;
  known->padded += padded ? 1 : 0;
  known->last_use = now;
}

void Ledger::add_to(Exposure& exposure) const {
  for (const auto& [name, number] : by_name_) {
    const Tally& tally = tallies_[number];
    if (tally.queries == 0) continue;
    NameExposure known = entries_[number].exposure;
    known.queries = tally.queries;
    known.over_https = tally.over_https;
    known.last_query = tally.last_query;
    exposure.add(known);
  }
  for (const EndpointExposure& endpoint : endpoints_) exposure.add(endpoint);
  for (const FailedQuestion& question : failures_) exposure.add(question);
  exposure.forgotten += forgotten_;
  exposure.malformed += malformed_;
  exposure.questions += questions_;
}

void Ledger::clear() {
  for (std::size_t number = 1; number < entries_.size(); ++number)
    if (tallies_[number].serial != 0) erase(static_cast<std::uint32_t>(number));
  failures_.clear();
  forgotten_ = malformed_ = questions_ = 0;
}

}  // namespace tacet
