#include "dnssec/examination.hpp"

#include <algorithm>

#include "dns/wire.hpp"
#include "dnssec/canonical.hpp"
#include "dnssec/complaint.hpp"
#include "dnssec/validity.hpp"

namespace tacet {
namespace {

/// Where a name's records of a type belong: DS records to the zone above (RFC 4035 §3.1.4.1).
Name place_of(const Name& owner, Type type) { return type == Type::ds ? owner.parent() : owner; }

bool denies_something(const RRset& rrset) {
  return rrset.section == Section::authority &&
         (rrset.type == Type::nsec || rrset.type == Type::nsec3 || rrset.type == Type::soa);
}

/// The signer that may have signed records at `place` (RFC 4035 §5.3.1): `zone` itself, or one below it whose cut is
/// not known yet. Null if there is none.
const Name* signer_for(std::span<const Rrsig> signatures, const Name& place, const Name& zone) {
  const Name* deeper = nullptr;
  for (const Rrsig& signature : signatures) {
    if (signature.signer == zone) return &signature.signer;
    if (deeper == nullptr && signature.signer.under(zone) && place.under(signature.signer)) deeper = &signature.signer;
  }
  return deeper;
}

}  // namespace

Examination::Examination(const Message& message, ZoneTable& table, WallTime now, ProofBudget& budget)
    : table_(table),
      now_(now),
      budget_(budget),
      rrsets_(rrsets_of(message)) {
  judgement_.status = SecurityStatus::secure;
}

const RRset* Examination::find_answer(const Name& owner, Type type) const {
  const auto found = std::ranges::find_if(rrsets_, [&](const RRset& rrset) {
    return rrset.section == Section::answer && rrset.type == type && rrset.owner == owner;
  });
  return found == rrsets_.end() ? nullptr : &*found;
}

std::optional<SecurityStatus> Examination::positive(const RRset& rrset) {
  JudgedRRset judged{.owner = rrset.owner, .type = rrset.type};
  const ProvenZone* zone = zone_of(rrset.owner, rrset.type);
  if (zone == nullptr) return settle(std::move(judged), SecurityStatus::indeterminate, {});
  judged.zone = zone->name;
  if (zone->state == ZoneState::insecure) return settle(std::move(judged), SecurityStatus::insecure, zone->why);
  // Nothing signs a signature (RFC 4035 §2.2), so nobody can prove or refute what a question for RRSIG records gets.
  if (rrset.type == Type::rrsig) return settle(std::move(judged), SecurityStatus::insecure, {});
  const Name* signer = signer_for(rrset.signatures, place_of(rrset.owner, rrset.type), zone->name);
  const Readiness ready = signer == nullptr ? Readiness::impossible : readiness(*zone, *signer);
  if (ready == Readiness::waiting) return std::nullopt;
  if (ready == Readiness::impossible) return without_signer(rrset, *zone, std::move(judged));
  return verified(rrset, *zone, std::move(judged));
}

std::optional<SecurityStatus> Examination::negative(const Name& name, Type type, Rcode rcode) {
  JudgedRRset judged{.owner = name, .type = type};
  const ProvenZone* zone = zone_of(name, type);
  if (zone == nullptr) return settle(std::move(judged), SecurityStatus::indeterminate, {});
  judged.zone = zone->name;
  if (zone->state == ZoneState::insecure) return settle(std::move(judged), SecurityStatus::insecure, zone->why);
  bool waiting = false;
  std::optional<ExtendedError> why;
  DenialProof proof = DenialProof::none;
  bool zone_speaks = false;
  if (const ZoneDenial* known = denial_for(name, type, *zone, waiting)) {
    zone_speaks = known->has_soa;
    proof =
        rcode == Rcode::nxdomain ? known->denial.no_name(name, budget_) : known->denial.no_data(name, type, budget_);
    if (known->denial.has_too_many_iterations())
      why = complaint(ede::unsupported_nsec3_iterations, zone->name, name, type, "its denial has too many iterations");
    if (known->flaw || known->soa_flaw) {
      proof = DenialProof::none;
      why = known->flaw ? known->flaw : known->soa_flaw;
    }
  }
  if (waiting || paused_) return std::nullopt;
  if (proof == DenialProof::secure) return settle(std::move(judged), SecurityStatus::secure, {});
  if (proof == DenialProof::insecure) return settle(std::move(judged), SecurityStatus::insecure, why);
  // An unsigned zone below would deny by a SOA of its own, so no cut can excuse what is missing here.
  if (!why && !zone_speaks) {
    if (delegates_unsigned(name, type, *zone)) return settle(std::move(judged), SecurityStatus::insecure, {});
    const Name place = place_of(name, type);
    if (require_cuts(*zone, place, probable_apex(*zone, place, place.parent()))) return std::nullopt;
  }
  if (!why) why = complaint(ede::nsec_missing, zone->name, name, type, "nothing proves that it does not exist");
  return settle(std::move(judged), SecurityStatus::bogus, why);
}

/// The parent's denial can be beside the answer of an unsigned zone: a server that has both puts it there (RFC 4035
/// §5.2). What it says about the delegation then need not be asked for.
bool Examination::delegates_unsigned(const Name& name, Type type, const ProvenZone& zone) {
  if (zone.state != ZoneState::keyed) return false;
  const Denial& denial = denial_of(zone).denial;
  const Name place = place_of(name, type);
  for (std::size_t labels = zone.name.label_count() + 1; labels <= place.label_count(); ++labels)
    if (denial.delegates_unsigned(ancestor(place, labels), budget_)) return true;
  return false;
}

std::optional<CutProof> Examination::cut(const Name& name) {
  const ProvenZone* zone = zone_of(name, Type::ds);
  if (zone == nullptr || zone->state == ZoneState::insecure) return CutProof::insecure;
  bool waiting = false;
  std::optional<ExtendedError> why;
  CutProof proof = CutProof::none;
  if (const ZoneDenial* known = denial_for(name, Type::ds, *zone, waiting)) {
    proof = known->denial.cut(name, budget_);
    if (known->denial.has_too_many_iterations())
      why = complaint(ede::unsupported_nsec3_iterations, zone->name, name, Type::ds,
                      "its denial has too many iterations");
    if (known->flaw) proof = CutProof::none, why = known->flaw;
  }
  if (waiting || paused_) return std::nullopt;
  if (proof != CutProof::none) {
    if (why) conclude(SecurityStatus::insecure, std::move(why));
    return proof;
  }
  const Name place = name.parent();
  if (!why && require_cuts(*zone, place, probable_apex(*zone, place, zone->name))) return std::nullopt;
  if (!why) why = complaint(ede::nsec_missing, zone->name, name, Type::ds, "nothing proves that it does not exist");
  conclude(SecurityStatus::bogus, std::move(why));
  return proof;
}

void Examination::conclude(SecurityStatus status, std::optional<ExtendedError> why) {
  const bool is_weaker = weaker(status, judgement_.status) != judgement_.status;
  judgement_.status = weaker(status, judgement_.status);
  if (why && (is_weaker || !judgement_.why)) judgement_.why = std::move(why);
}

Needs Examination::needs() && {
  std::ranges::stable_sort(needs_, {}, [](const Question& question) { return question.name.label_count(); });
  return {std::move(needs_), paused_, std::move(shortcut_)};
}

const ProvenZone* Examination::zone_of(const Name& owner, Type type) {
  return table_.closest(place_of(owner, type), now_);
}

Examination::Readiness Examination::readiness(const ProvenZone& zone, const Name& signer) {
  if (signer == zone.name) {
    if (zone.state == ZoneState::keyed) return Readiness::ready;
    require(zone.name, Type::dnskey);
    return Readiness::waiting;
  }
  if (!require_cuts(zone, signer, signer)) return Readiness::impossible;
  require(signer, Type::dnskey);
  return Readiness::waiting;
}

/// Adds the DS records of each name between `zone` and `name` about which nothing is known; false if there is none. If
/// there are many, those of the name at which a zone probably begins are the shortcut.
bool Examination::require_cuts(const ProvenZone& zone, const Name& name, const Name& probable) {
  std::size_t found = 0;
  for (std::size_t labels = zone.name.label_count() + 1; labels <= name.label_count(); ++labels) {
    const Name cut = ancestor(name, labels);
    if (table_.find(cut, now_) != nullptr) continue;
    ++found;
    require(cut, Type::ds);
    if (labels == 1) require(cut, Type::dnskey);  // nearly all of the root's children are signed
  }
  if (found > 0 && zone.state == ZoneState::delegated) require(zone.name, Type::dnskey);
  const bool is_below = probable.under(zone.name) && !(probable == zone.name);
  if (found > few_cuts && is_below && !shortcut_ && table_.find(probable, now_) == nullptr)
    shortcut_ = Question{probable, Type::ds, Class::in};
  return found > 0;
}

/// The deepest name at or above `name` that a server calls the apex of a zone in the authority section. Otherwise,
/// while hardly more than the root is known, no guess is better than to go down; below it, what `otherwise` says.
Name Examination::probable_apex(const ProvenZone& zone, const Name& name, const Name& otherwise) const {
  Name deepest = zone.name;
  for (const RRset& rrset : rrsets_) {
    const bool is_of_apex = rrset.type == Type::soa || rrset.type == Type::ns;
    if (rrset.section == Section::authority && is_of_apex && name.under(rrset.owner) && rrset.owner.under(deepest))
      deepest = rrset.owner;
  }
  const bool is_told = !(deepest == zone.name);
  return is_told || zone.name.label_count() < 2 ? deepest : otherwise;
}

void Examination::require(const Name& name, Type type) {
  const Question question{name, type, Class::in};
  if (needs_.size() == ProofBudget::needs_at_once) return;  // the rest is named once these are known
  if (std::ranges::find(needs_, question) == needs_.end()) needs_.push_back(question);
}

std::optional<SecurityStatus> Examination::without_signer(const RRset& rrset, const ProvenZone& zone,
                                                          JudgedRRset judged) {
  const Name place = place_of(rrset.owner, rrset.type);
  if (require_cuts(zone, place, probable_apex(zone, place, place.parent()))) return std::nullopt;
  const bool missing = rrset.signatures.empty();
  return settle(std::move(judged), SecurityStatus::bogus,
                complaint(missing ? ede::rrsigs_missing : ede::dnssec_bogus, zone.name, rrset.owner, rrset.type,
                          missing ? "it has no signature" : "its signer is not its zone"));
}

std::optional<SecurityStatus> Examination::verified(const RRset& rrset, const ProvenZone& zone, JudgedRRset judged) {
  Verification found = verify(rrset, zone.name, zone.keys, now_, budget_);
  if (found.paused) {
    paused_ = true;
    return std::nullopt;
  }
  if (!found) return settle(std::move(judged), SecurityStatus::bogus, std::move(found.why));
  judged.key_tag = found.signature->key_tag;
  judged.algorithm = found.signature->algorithm;
  judged.expires = found.signature->expiration;
  limit_ttl(rrset, *found.signature);
  // It would redirect the names below an owner that the zone does not have (RFC 4592 §4.4).
  if (rrset.type == Type::dname && found.is_expansion_of(rrset))
    return settle(std::move(judged), SecurityStatus::bogus,
                  complaint(ede::dnssec_bogus, zone.name, rrset.owner, rrset.type, "a wildcard makes no DNAME"));
  std::optional<ExtendedError> why;
  const DenialProof proof =
      found.is_expansion_of(rrset) ? no_closer(rrset, *found.signature, zone, why) : DenialProof::secure;
  if (paused_) return std::nullopt;
  if (proof == DenialProof::secure) return settle(std::move(judged), SecurityStatus::secure, {});
  return settle(std::move(judged), proof == DenialProof::insecure ? SecurityStatus::insecure : SecurityStatus::bogus,
                std::move(why));
}

/// Whether the wildcard applied: the next closer name does not exist.
DenialProof Examination::no_closer(const RRset& rrset, const Rrsig& signature, const ProvenZone& zone,
                                   std::optional<ExtendedError>& why) {
  const ZoneDenial& known = denial_of(zone);
  const DenialProof proof = known.denial.no_closer(rrset.owner, ancestor(rrset.owner, signature.labels), budget_);
  if (known.flaw) {
    why = known.flaw;
    return DenialProof::none;
  }
  if (known.denial.has_too_many_iterations())
    why = complaint(ede::unsupported_nsec3_iterations, zone.name, rrset.owner, rrset.type,
                    "its denial has too many iterations");
  else if (proof == DenialProof::none)
    why = complaint(ede::nsec_missing, zone.name, rrset.owner, rrset.type, "nothing proves that the wildcard applies");
  return proof;
}

/// The denials of `zone` in the authority section, if they are the zone's; null if they are not, or not yet.
const Examination::ZoneDenial* Examination::denial_for(const Name& name, Type type, const ProvenZone& zone,
                                                       bool& waiting) {
  const Name* signer = denying_signer(name, type, zone);
  if (signer == nullptr) return nullptr;
  const Readiness ready = readiness(zone, *signer);
  waiting = ready == Readiness::waiting;
  return ready == Readiness::ready ? &denial_of(zone) : nullptr;
}

/// The zone that denies the name: the deepest signer of the authority section that it can be in.
const Name* Examination::denying_signer(const Name& name, Type type, const ProvenZone& zone) const {
  const Name place = place_of(name, type);
  const Name* deepest = nullptr;
  for (const RRset& rrset : rrsets_) {
    if (!denies_something(rrset)) continue;
    for (const Rrsig& signature : rrset.signatures) {
      const bool fits = signature.signer.under(zone.name) && place.under(signature.signer);
      if (fits && (deepest == nullptr || signature.signer.label_count() > deepest->label_count()))
        deepest = &signature.signer;
    }
  }
  return deepest;
}

Examination::ZoneDenial& Examination::denial_of(const ProvenZone& zone) {
  for (ZoneDenial& known : denials_)
    if (known.name == zone.name) return known;
  ZoneDenial& collected = denials_.emplace_back(zone.name);
  int left = ProofBudget::denials_of_an_answer;
  for (const RRset& rrset : rrsets_) {
    if (!denies_something(rrset) || !rrset.owner.under(zone.name)) continue;
    const bool is_ours = rrset.type == Type::soa
                             ? rrset.owner == zone.name
                             : std::ranges::find(rrset.signatures, zone.name, &Rrsig::signer) != rrset.signatures.end();
    if (is_ours && left-- > 0) collect(rrset, zone, collected);
  }
  return collected;
}

void Examination::collect(const RRset& rrset, const ProvenZone& zone, ZoneDenial& into) {
  Verification found = verify(rrset, zone.name, zone.keys, now_, budget_);
  if (found.paused) {
    paused_ = true;
    return;
  }
  if (!found) {
    auto& flaw = rrset.type == Type::soa ? into.soa_flaw : into.flaw;
    if (!flaw) flaw = std::move(found.why);
    return;
  }
  limit_ttl(rrset, *found.signature);
  const Bytes rdata = rrset.rdata(rrset.records.front());
  const bool expanded = found.is_expansion_of(rrset);
  if (rrset.type == Type::nsec) {
    const Name owner = expanded ? wildcard_below(ancestor(rrset.owner, found.signature->labels)) : rrset.owner;
    into.denial.add(read_nsec(owner, rdata));
  } else if (rrset.type == Type::nsec3 && !expanded) {
    if (const auto record = read_nsec3(rrset.owner, zone.name, rdata)) into.denial.add(*record);
  } else if (rrset.type == Type::soa) {
    into.has_soa = true;
    judgement_.ttl = std::min(judgement_.ttl, load32(rdata, rdata.size() - 4));  // MINIMUM (RFC 2308 §4)
  }
}

/// What is kept may live no longer than its signature (RFC 4035 §5.3.3).
void Examination::limit_ttl(const RRset& rrset, const Rrsig& signature) {
  judgement_.ttl = std::min({judgement_.ttl, rrset.ttl, signature.original_ttl, seconds_left(signature, now_)});
}

SecurityStatus Examination::settle(JudgedRRset judged, SecurityStatus status, std::optional<ExtendedError> why) {
  judged.status = status;
  judgement_.rrsets.push_back(std::move(judged));
  conclude(status, std::move(why));
  return status;
}

}  // namespace tacet
