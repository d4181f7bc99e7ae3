#include "dnssec/learn.hpp"

#include <algorithm>

#include "dnssec/complaint.hpp"
#include "dnssec/examination.hpp"
#include "dnssec/validity.hpp"
#include "dnssec/verification.hpp"

namespace tacet {
namespace {

using Outcome = Learned::Outcome;
using Lesson = std::variant<Learned, Needs>;

constexpr std::size_t most_keys = 16;      // of a zone
constexpr std::size_t longest_key = 2048;  // octets of RDATA; an RSA key of 4096 bits has 520

WallTime after(WallTime now, std::uint32_t seconds) { return now + std::chrono::seconds(seconds); }

/// What is wrong with an answer: something is missing that another server may have, or something is false.
Learned refuted(const ExtendedError& why) {
  const bool lacks =
      why.code == ede::rrsigs_missing || why.code == ede::nsec_missing || why.code == ede::dnskey_missing;
  return {lacks ? Outcome::missing : Outcome::bogus, why};
}

/// Why a zone counts as unsigned though it has DS records (RFC 4035 §5.2).
ExtendedError why_unusable(const Name& zone, std::span<const Ds> records) {
  const auto has_known_algorithm = [](const Ds& ds) { return knows_algorithm(ds.algorithm); };
  if (std::ranges::any_of(records, has_known_algorithm))
    return complaint(ede::unsupported_ds_digest, zone, zone, Type::ds, "its digests are not supported");
  return complaint(ede::unsupported_dnskey_algorithm, zone, zone, Type::ds, "its algorithms are not supported");
}

/// Learns from the answer to a question for DS records: is there a zone cut, and is the zone below it signed?
class DsLesson {
public:
  DsLesson(const Message& answer, ZoneTable& table, WallTime now, ProofBudget& budget)
      : name_(answer.question().name),
        table_(table),
        now_(now),
        examination_(answer, table, now, budget) {}

  Lesson run() {
    if (const RRset* ds = examination_.find_answer(name_, Type::ds)) return from_records(*ds);
    if (const RRset* alias = alias_at_or_above()) return from_alias(*alias);
    return from_denial();
  }

private:
  Lesson from_records(const RRset& rrset) {
    const auto status = examination_.positive(rrset);
    if (!status) return std::move(examination_).needs();
    if (*status == SecurityStatus::bogus) return refuted(*examination_.judgement().why);
    if (*status != SecurityStatus::secure || is_expanded(rrset)) return Learned{};
    std::vector<Ds> records;
    for (const ResourceRecord& record : rrset.records) records.push_back(read_ds(rrset.rdata(record)));
    ProvenZone zone{.name = name_, .state = ZoneState::delegated};
    zone.ds = usable(records);
    if (zone.ds.empty()) {
      zone.state = ZoneState::insecure;
      zone.why = why_unusable(name_, records);
    }
    return kept(std::move(zone));
  }

  /// Nobody may make a delegation out of a wildcard (RFC 4592 §4.6).
  bool is_expanded(const RRset& rrset) const {
    return std::ranges::all_of(rrset.signatures,
                               [&](const Rrsig& signature) { return signature.labels < rrset.owner.label_count(); });
  }

  const RRset* alias_at_or_above() const {
    if (const RRset* cname = examination_.find_answer(name_, Type::cname))
      if (!cname->signatures.empty()) return cname;
    for (Name at = name_; !at.is_root();) {
      at = at.parent();
      if (const RRset* dname = examination_.find_answer(at, Type::dname)) return dname;
    }
    return examination_.find_answer(name_, Type::cname);
  }

  /// An alias is no zone cut. Without a signature it would need the very DS records that it stands in for.
  Lesson from_alias(const RRset& rrset) {
    const auto status = examination_.positive(rrset);
    if (!status) {
      Needs needs = std::move(examination_).needs();
      if (std::ranges::find(needs.questions, Question{name_, Type::ds, Class::in}) == needs.questions.end())
        return needs;
      return Learned{Outcome::unsigned_alias,
                     complaint(ede::rrsigs_missing, name_, name_, Type::cname, "it has no signature")};
    }
    if (*status == SecurityStatus::bogus) return refuted(*examination_.judgement().why);
    if (*status == SecurityStatus::indeterminate) return Learned{};
    return kept({.name = name_, .state = ZoneState::no_cut});
  }

  Lesson from_denial() {
    const auto cut = examination_.cut(name_);
    if (!cut) return std::move(examination_).needs();
    if (*cut == CutProof::none) return refuted(*examination_.judgement().why);
    ProvenZone zone{.name = name_, .state = *cut == CutProof::no_cut ? ZoneState::no_cut : ZoneState::insecure};
    zone.why = examination_.judgement().why;
    if (*cut == CutProof::no_cut) keep_those_above();
    return kept(std::move(zone));
  }

  /// The zone would not speak for the name if another zone began between them.
  void keep_those_above() {
    const Name zone = table_.closest(name_.parent(), now_)->name;
    for (Name above = name_.parent(); !(above == zone); above = above.parent())
      if (table_.find(above, now_) == nullptr) kept({.name = above, .state = ZoneState::no_cut});
  }

  Learned kept(ProvenZone zone) {
    zone.ends = after(now_, examination_.judgement().ttl);
    table_.keep(std::move(zone), now_);
    return {Outcome::proven, {}};
  }

  Name name_;
  ZoneTable& table_;
  WallTime now_;
  Examination examination_;
};

/// Learns from the answer to a question for DNSKEY records: which keys may sign the zone (RFC 4035 §5.2)?
class DnskeyLesson {
public:
  DnskeyLesson(const Message& answer, const ProvenZone& zone, ZoneTable& table, WallTime now, ProofBudget& budget)
      : zone_(zone),
        table_(table),
        now_(now),
        budget_(budget),
        rrsets_(rrsets_of(answer)) {}

  Lesson run() {
    const auto found = std::ranges::find_if(rrsets_, [&](const RRset& rrset) {
      return rrset.section == Section::answer && rrset.type == Type::dnskey && rrset.owner == zone_.name;
    });
    if (found == rrsets_.end()) return Learned{Outcome::missing, said(ede::dnskey_missing, "the answer has no keys")};
    if (found->signatures.empty())
      return Learned{Outcome::missing, said(ede::rrsigs_missing, "they have no signature")};
    for (const ResourceRecord& record : found->records) keys_.push_back(read_dnskey(found->rdata(record)));
    std::vector<ZoneKey> entries = entry_keys();
    if (entries.empty()) return refuted_by_ds();
    const Verification verification = verify(*found, zone_.name, entries, now_, budget_);
    if (verification.paused) return Needs{{}, true};
    if (!verification) return refuted(verification.why);
    return kept(*found, *verification.signature, std::move(entries));
  }

private:
  ExtendedError said(std::uint16_t code, std::string_view words) const {
    return complaint(code, zone_.name, zone_.name, Type::dnskey, words);
  }

  /// Marks the keys that a DS record vouches for. Keys of one tag cost a digest each, so only so many are tried, and
  /// none that is too long to be a key.
  void match_keys() {
    int digests = ProofBudget::keys_of_one_tag * ProofBudget::ds_of_a_zone;
    matched_.resize(keys_.size());
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (keys_[i].rdata.size() > longest_key) continue;
      const std::uint16_t tag = keys_[i].tag();
      for (const Ds& ds : zone_.ds) {
        if (matched_[i] || ds.key_tag != tag || digests-- <= 0) continue;
        matched_[i] = matches(ds, zone_.name, keys_[i]);
      }
    }
  }

  std::vector<ZoneKey> entry_keys() {
    match_keys();
    std::vector<ZoneKey> entries;
    for (std::size_t i = 0; i < keys_.size() && entries.size() < ProofBudget::ds_of_a_zone; ++i)
      if (matched_[i] && keys_[i].may_sign()) add_parsed(keys_[i], entries);
    return entries;
  }

  static void add_parsed(const Dnskey& key, std::vector<ZoneKey>& to) {
    if (PublicKey parsed = PublicKey::from(key.algorithm, key.public_key()))
      to.push_back({key.tag(), key.algorithm, std::move(parsed)});
  }

  Learned refuted_by_ds() const {
    const auto matched = std::ranges::find(matched_, true);
    if (matched == matched_.end())
      return {Outcome::bogus, said(ede::dnskey_missing, "none is the one that the DS records name")};
    if (!keys_[static_cast<std::size_t>(matched - matched_.begin())].may_sign())
      return {Outcome::bogus, said(ede::no_zone_key_bit_set, "the one that the DS records name may not sign")};
    return {Outcome::bogus, said(ede::unsupported_dnskey_algorithm, "the one that the DS records name cannot be used")};
  }

  /// Parses the keys that no DS record vouches for only once the set is proven.
  Learned kept(const RRset& rrset, const Rrsig& signature, std::vector<ZoneKey> entries) {
    ProvenZone zone{.name = zone_.name, .state = ZoneState::keyed, .keys = std::move(entries), .ds = zone_.ds};
    for (std::size_t i = 0; i < keys_.size() && zone.keys.size() < most_keys; ++i)
      if (!matched_[i] && keys_[i].may_sign()) add_parsed(keys_[i], zone.keys);
    const std::uint32_t ttl = std::min({rrset.ttl, signature.original_ttl, seconds_left(signature, now_)});
    zone.ends = std::min(zone_.ends, after(now_, ttl));
    table_.keep(std::move(zone), now_);
    return {Outcome::proven, {}};
  }

  const ProvenZone& zone_;
  ZoneTable& table_;
  WallTime now_;
  ProofBudget& budget_;
  std::vector<RRset> rrsets_;
  std::vector<Dnskey> keys_;
  std::vector<bool> matched_;
};

Lesson learn_keys(const Message& answer, ZoneTable& table, WallTime now, ProofBudget& budget) {
  const Question asked = answer.question();
  const ProvenZone* zone = table.find(asked.name, now);
  if (zone != nullptr && zone->state != ZoneState::delegated) return Learned{};
  if (zone != nullptr) return DnskeyLesson(answer, *zone, table, now, budget).run();
  Needs needs = foreseen(asked, table, now);
  std::erase_if(needs.questions, [&](const Question& question) { return question == asked; });
  if (needs.questions.empty()) return Learned{};
  if (needs.questions.size() > few_cuts) needs.shortcut = Question{asked.name, Type::ds, Class::in};
  return needs;
}

}  // namespace

std::variant<Learned, Needs> learn(const Message& answer, ZoneTable& table, WallTime now, ProofBudget& budget) {
  const Question asked = answer.question();
  const bool tells_of_a_cut = asked.type == Type::ds || asked.type == Type::cname;
  if (asked.qclass != Class::in || (!tells_of_a_cut && asked.type != Type::dnskey)) return Learned{};
  if (answer.rcode() != Rcode::noerror && answer.rcode() != Rcode::nxdomain)
    return Learned{Outcome::missing, complaint(ede::dnssec_indeterminate, asked.name, asked.name, asked.type,
                                               "the answer is " + to_string(answer.rcode()))};
  if (asked.type == Type::dnskey) return learn_keys(answer, table, now, budget);
  if (asked.name.is_root() || table.find(asked.name, now) != nullptr) return Learned{};
  const ProvenZone* zone = table.closest(asked.name.parent(), now);
  if (zone == nullptr || zone->state == ZoneState::insecure) return Learned{};
  return DsLesson(answer, table, now, budget).run();
}

}  // namespace tacet
