#include "dnssec/kept_denials.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "dns/message_builder.hpp"
#include "dns/record_copy.hpp"
#include "dns/record_walk.hpp"
#include "dnssec/canonical.hpp"
#include "dnssec/nsec.hpp"
#include "dnssec/rrset.hpp"

namespace tacet {
namespace {

constexpr std::size_t overhead = 128;  // of the list and the index

/// The SOA of the zone, the records that deny, and their signatures.
bool is_of_denial(const ResourceRecord& record) {
  return record.section == Section::authority &&
         (record.type == Type::soa || record.type == Type::nsec || record.type == Type::rrsig);
}

/// An NXDOMAIN for `question` with the denial of `answer`, whose TTLs are lowered to `ttl`.
Message denial_for(const Question& question, const Message& answer, std::uint32_t ttl) {
  MessageBuilder builder(question);
  for_each_record(answer.wire(), answer.index(), [&](const ResourceRecord& record) {
    if (!is_of_denial(record)) return;
    ResourceRecord copied = record;
    copied.ttl = std::min(record.ttl, ttl);
    copy_record(builder, answer.wire(), copied);
  });
  const auto flags = static_cast<std::uint16_t>(flag::qr | flag::ra | static_cast<std::uint16_t>(Rcode::nxdomain));
  return Message::parse(builder.finish(flags)).value_or(Message{});
}

/// The owner of the NSEC record whose gap has the name; nothing without SOA, or if the answer is no plain denial.
std::optional<Name> gap_of(const Message& answer, const Name& zone) {
  if (answer.rcode() != Rcode::nxdomain || answer.index().answers > 0) return std::nullopt;
  const Name name = answer.question().name;
  std::optional<Name> owner;
  bool has_soa = false;
  for (const RRset& rrset : rrsets_of(answer)) {
    has_soa = has_soa || (rrset.type == Type::soa && rrset.owner == zone && !rrset.signatures.empty());
    if (rrset.section != Section::authority || rrset.type != Type::nsec) continue;
    if (covers(read_nsec(rrset.owner, rrset.rdata(rrset.records.front())), zone, name)) owner = rrset.owner;
  }
  return has_soa && also_denies(answer, zone, name) ? owner : std::nullopt;
}

}  // namespace

bool also_denies(const Message& answer, const Name& zone, const Name& name) {
  NsecRecords records(zone);
  for (const RRset& rrset : rrsets_of(answer)) {
    if (rrset.section != Section::authority || rrset.type != Type::nsec) continue;
    const bool whole = std::ranges::all_of(rrset.signatures, [&](const Rrsig& signature) {
      return signature.signer == zone &&
             signature.labels + (is_wildcard(rrset.owner) ? 1U : 0U) == rrset.owner.label_count();
    });
    if (whole && !rrset.signatures.empty()) records.add(read_nsec(rrset.owner, rrset.rdata(rrset.records.front())));
  }
  return records.no_name(name);
}

bool KeptDenials::Place::operator<(const Place& other) const {
  const auto zones = canonical_order(zone, other.zone);
  return zones != 0 ? zones < 0 : canonical_order(owner, other.owner) < 0;
}

/// Octets, with a second place in the index.
std::size_t KeptDenials::cost_of(const Kept& kept) {
  return sizeof kept + sizeof kept.place + overhead + kept.answer.wire().size();
}

void KeptDenials::keep(const Message& answer, const Name& zone, Instant ends) {
  if (answer.wire().size() > longest) return;
  const std::optional<Name> owner = gap_of(answer, zone);
  if (!owner) return;
  const Place place{zone, *owner};
  std::list<Kept> fresh;
  fresh.push_back({place, denial_for(answer.question(), answer, ~0U), ends});
  if (const auto known = by_place_.find(place); known != by_place_.end()) erase(known);
  by_place_.emplace(place, fresh.begin());
  octets_ += cost_of(fresh.front());
  kept_.splice(kept_.end(), fresh);
  while (octets_ > limit_) erase(by_place_.find(kept_.front().place));
}

std::optional<KeptDenials::Denied> KeptDenials::find(const Question& question, const Name& zone, Instant now) const {
  auto behind = by_place_.upper_bound({zone, question.name});
  if (behind == by_place_.begin()) return std::nullopt;
  const Kept& kept = *std::prev(behind)->second;
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(kept.ends - now).count();
  if (left <= 0 || !(kept.place.zone == zone) || !also_denies(kept.answer, zone, question.name)) return std::nullopt;
  const auto ttl = static_cast<std::uint32_t>(left);
  return Denied{denial_for(question, kept.answer, ttl), ttl};
}

void KeptDenials::forget() {
  by_place_.clear();
  kept_.clear();
  octets_ = 0;
}

void KeptDenials::erase(Index::iterator entry) {
  const auto kept = entry->second;
  octets_ -= cost_of(*kept);
  by_place_.erase(entry);
  kept_.erase(kept);
}

}  // namespace tacet
