#include "resolve/recheck.hpp"

#include <unordered_map>

#include "base/word.hpp"

namespace tacet {

Recheck::Failure Recheck::failure_of(const Error& error) {
  const bool unreachable =
      error.fault == Fault::unreachable || error.fault == Fault::no_network || error.fault == Fault::tls_untrusted;
  return unreachable ? Failure::unreachable : Failure::silence;
}

std::uint64_t Recheck::answers(const Name& zone) const {
  // Zones come from the configuration: nobody chooses them so that their hashes collide.
  const std::lock_guard lock(mutex_);
  const auto found = zones_.find(hash_of(zone.wire()));
  return found == zones_.end() ? 0 : found->second.answers;
}

void Recheck::answered(const Name& zone) {
  const std::lock_guard lock(mutex_);
  if (zones_.size() >= limit) zones_.clear();
  const std::uint64_t hash = hash_of(zone.wire());
  Zone& known = zones_[hash];
  if (known.holds_names) std::erase_if(names_, [hash](const auto& name) { return name.second.general == hash; });
  known = {.answers = known.answers + 1};
}

void Recheck::refreshed(const CacheKey& key) {
  const std::lock_guard lock(mutex_);
  names_.erase(key);
}

void Recheck::failed(const Attempt& attempt, Failure failure, Instant now) {
  const std::lock_guard lock(mutex_);
  fail(attempt, failure, now);
}

void Recheck::hold(const Attempt& attempt, Failure failure, Instant now) {
  const std::lock_guard lock(mutex_);
  held_of(attempt.key, now).until = now + held;
  fail(attempt, failure, now);
}

void Recheck::fail(const Attempt& attempt, Failure failure, Instant now) {
  if (zones_.size() >= limit) zones_.clear();
  const std::uint64_t hash = hash_of(attempt.zone.wire());
  Zone& zone = zones_[hash];
  const bool general = failure != Failure::answer && zone.answers == attempt.answers;
  if (const auto name = names_.find(attempt.key); name != names_.end()) {
    name->second = {now + held, now + pause, general ? std::optional(hash) : std::nullopt};
    zone.holds_names = zone.holds_names || general;
  }
  if (!general) return;
  zone.silent_until = now + held;
  const Name asked = Name::from_checked_wire(attempt.key.name());
  if (!zone.silent) zone.silent = asked;
  zone.all_silent = zone.all_silent || failure == Failure::unreachable || !(*zone.silent == asked);
}

Duration Recheck::patience_for(const Name& zone, const CacheKey& key, Instant now) const {
  const std::lock_guard lock(mutex_);
  const auto name = names_.find(key);
  if (name != names_.end() && now < name->second.until) return Duration::zero();
  const auto found = zones_.find(hash_of(zone.wire()));
  if (found == zones_.end() || !found->second.silent || now >= found->second.silent_until) return patience;
  return found->second.all_silent ? Duration::zero() : doubting_patience;
}

bool Recheck::begin(const CacheKey& key, Instant now, Instant deadline) {
  const std::lock_guard lock(mutex_);
  Hold& name = held_of(key, now);
  if (now < name.next) return false;
  name.next = deadline;
  return true;
}

/// The hold of a name. Makes room by dropping the expired holds, or else all.
Recheck::Hold& Recheck::held_of(const CacheKey& key, Instant now) {
  if (const auto found = names_.find(key); found != names_.end()) return found->second;
  if (names_.size() >= limit)
    std::erase_if(names_, [now](const auto& name) { return now >= name.second.until && now >= name.second.next; });
  if (names_.size() >= limit) names_.clear();
  return names_[key];
}

void Recheck::forget() {
  const std::lock_guard lock(mutex_);
  names_.clear();
  for (auto& [hash, zone] : zones_) zone = {.answers = zone.answers};
}

}  // namespace tacet
