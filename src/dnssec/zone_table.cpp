#include "dnssec/zone_table.hpp"

#include <algorithm>

#include "base/word.hpp"
#include "dnssec/proof_budget.hpp"

namespace tacet {
namespace {

/// What one key occupies with the library's objects (1.3 to 3.5 KiB with OpenSSL 3.0, P-384 most) and the signatures
/// that it remembers (1 KiB).
constexpr std::size_t key_cost = 4608;
constexpr std::size_t index_cost = 64;  // of the list and the table of hashes

std::size_t cost_of(const ProvenZone& zone) {
  std::size_t octets = sizeof zone + index_cost + zone.keys.size() * key_cost;
  for (const Ds& ds : zone.ds) octets += sizeof ds + ds.digest.size();
  return octets + (zone.why ? zone.why->text.size() : 0);
}

ProvenZone exempt_fact(const ExemptZone& exempt) {
  ProvenZone fact{.name = exempt.name, .state = ZoneState::insecure};
  fact.ends = exempt.until;
  fact.configured = true;
  return fact;
}

ProvenZone anchored(const Name& owner) {
  ProvenZone fact{.name = owner, .state = ZoneState::delegated};
  fact.ends = WallTime::max();
  fact.configured = true;
  return fact;
}

template <class Index>
auto find_in(Index& index, std::uint64_t hash, const Name& name, WallTime now) {
  auto [first, last] = index.equal_range(hash);
  for (; first != last; ++first)
    if (now < first->second->ends && first->second->name == name) return first;
  return index.end();
}

}  // namespace

ZoneTable::ZoneTable(std::uint64_t seed, std::size_t limit) : seed_(seed), limit_(limit) {}

void ZoneTable::configure(std::span<const TrustAnchor> anchors, std::span<const ExemptZone> exempt) {
  forget();
  configured_by_name_.clear();
  configured_.clear();
  anchors_.assign(anchors.begin(), anchors.end());
  for (const ExemptZone& zone : exempt) configured_.push_back(exempt_fact(zone));
  for (const TrustAnchor& anchor : anchors) {
    const auto same = [&](const ProvenZone& fact) {
      return fact.state == ZoneState::delegated && fact.name == anchor.owner;
    };
    auto fact = std::ranges::find_if(configured_, same);
    if (fact == configured_.end()) fact = configured_.insert(configured_.end(), anchored(anchor.owner));
    fact->ds.push_back(anchor.ds);
  }
  for (auto fact = configured_.begin(); fact != configured_.end(); ++fact) {
    fact->ds = usable(std::move(fact->ds));
    configured_by_name_.emplace(hash(fact->name.wire()), fact);
  }
}

void ZoneTable::forget() {
  by_name_.clear();
  facts_.clear();
  octets_ = 0;
}

const ProvenZone* ZoneTable::find(const Name& name, WallTime now) { return find(hash(name.wire()), name, now); }

const ProvenZone* ZoneTable::find(std::uint64_t hash, const Name& name, WallTime now) {
  const auto configured = find_in(configured_by_name_, hash, name, now);
  if (configured != configured_by_name_.end() && configured->second->state == ZoneState::insecure)
    return &*configured->second;
  const auto learned = find_in(by_name_, hash, name, now);
  if (learned != by_name_.end()) {
    facts_.splice(facts_.begin(), facts_, learned->second);
    return &*learned->second;
  }
  return configured == configured_by_name_.end() ? nullptr : &*configured->second;
}

const ProvenZone* ZoneTable::closest(const Name& name, WallTime now) {
  for (Name at = name;; at = at.parent()) {
    const ProvenZone* fact = find(at, now);
    if (fact != nullptr && fact->state != ZoneState::no_cut) return fact;
    if (at.is_root()) return nullptr;
  }
}

void ZoneTable::keep(ProvenZone zone, WallTime now) {
  const std::uint64_t key = hash(zone.name.wire());
  const auto configured = find_in(configured_by_name_, key, zone.name, now);
  if (configured != configured_by_name_.end() && zone.state != ZoneState::keyed) return;
  const auto [first, last] = by_name_.equal_range(key);
  const auto known = std::find_if(first, last, [&](const auto& entry) { return entry.second->name == zone.name; });
  if (known != last) erase(known);
  zone.ends = std::clamp(zone.ends, now + shortest, now + longest);
  const std::size_t cost = cost_of(zone);
  Facts fresh;
  fresh.push_front(std::move(zone));
  by_name_.emplace(key, fresh.begin());
  facts_.splice(facts_.begin(), fresh);
  octets_ += cost;
  while (octets_ > limit_ && facts_.size() > 1) evict();
}

std::optional<ProvenZone> ZoneTable::take(const Name& name) {
  const auto [first, last] = by_name_.equal_range(hash(name.wire()));
  const auto known = std::find_if(first, last, [&](const auto& entry) { return entry.second->name == name; });
  if (known == last) return std::nullopt;
  octets_ -= cost_of(*known->second);
  std::optional<ProvenZone> taken(std::move(*known->second));
  facts_.erase(known->second);
  by_name_.erase(known);
  return taken;
}

std::array<std::size_t, 4> ZoneTable::counts() const {
  std::array<std::size_t, 4> counts{};
  for (const ProvenZone& fact : facts_) ++counts[static_cast<std::size_t>(fact.state)];
  return counts;
}

std::uint64_t ZoneTable::hash(Bytes name) const {
  return hash_of(name, [this](std::uint64_t word) { return fold_word(word) ^ seed_; });
}

void ZoneTable::erase(Index::iterator entry) {
  octets_ -= cost_of(*entry->second);
  facts_.erase(entry->second);
  by_name_.erase(entry);
}

void ZoneTable::evict() {
  const auto last = std::prev(facts_.end());
  auto [entry, end] = by_name_.equal_range(hash(last->name.wire()));
  while (entry->second != last) ++entry;
  erase(entry);
}

std::vector<ChainStep> chain_to(const Name& name, ZoneTable& table, WallTime now) {
  std::vector<ChainStep> steps;
  for (Name at = name;; at = at.parent()) {
    if (const ProvenZone* fact = table.find(at, now)) {
      ChainStep step{fact->name, fact->state, fact->configured, fact->ends, fact->ds, {}, fact->why};
      for (const ZoneKey& key : fact->keys) step.key_tags.push_back(key.tag);
      steps.push_back(std::move(step));
    }
    if (at.is_root()) break;
  }
  std::ranges::reverse(steps);
  return steps;
}

}  // namespace tacet
