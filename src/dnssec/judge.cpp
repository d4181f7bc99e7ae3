#include "dnssec/judge.hpp"

#include <algorithm>

#include "dns/alias_chain.hpp"
#include "dns/record_walk.hpp"
#include "dns/wire.hpp"
#include "dnssec/canonical.hpp"
#include "dnssec/complaint.hpp"
#include "dnssec/examination.hpp"
#include "dnssec/validity.hpp"

namespace tacet {
namespace {

/// True if an alias answers a question for this type.
bool follows_aliases(Type type) { return type != Type::cname && type != Type::any && type != Type::rrsig; }

/// The one name in the RDATA of a CNAME or DNAME record.
Name target_of(const RRset& alias) { return expand_name(alias.message, alias.records.front().rdata); }

/// Walks an answer along its aliases to the records of the last name, or to their denial.
class ChainWalk {
public:
  ChainWalk(const AnswerPart& answer, Examination& examination)
      : asked_(answer.message.question()),
        rcode_(answer.message.rcode()),
        end_(answer.end),
        examination_(examination) {}

  void run() {
    Name name = asked_.name;
    for (std::size_t aliases = 0; !examination_.is_bogus(); ++aliases) {
      if (end_ && name == *end_) return;
      if (answered_at(name)) {
        if (rcode_ == Rcode::nxdomain) examination_.negative(name, asked_.type, rcode_);  // it contradicts itself
        break;
      }
      const std::optional<Name> next = aliases < most_aliases ? follow(name) : std::nullopt;
      if (!next) {
        if (aliases < most_aliases) examination_.negative(name, asked_.type, rcode_);
        break;
      }
      name = *next;
    }
    if (!end_) judge_the_rest();
  }

private:
  /// Judges the records that are asked for; false if the name has none.
  bool answered_at(const Name& name) {
    bool found = false;
    for (const RRset& rrset : examination_.rrsets()) {
      const bool asked = rrset.type == asked_.type || asked_.type == Type::any;
      if (rrset.section != Section::answer || !asked || !(rrset.owner == name)) continue;
      found = true;
      judge_once(rrset);
    }
    return found;
  }

  /// The target of the alias at or above the name, once the alias is judged.
  std::optional<Name> follow(const Name& name) {
    if (!follows_aliases(asked_.type)) return std::nullopt;
    if (const RRset* cname = examination_.find_answer(name, Type::cname)) {
      judge_once(*cname);
      return target_of(*cname);
    }
    const RRset* dname = dname_above(name);
    if (dname == nullptr) return std::nullopt;
    judge_once(*dname);
    return redirected(name, dname->owner, target_of(*dname));
  }

  /// An alias that a server makes from a DNAME has no signature. It is as good as the DNAME (RFC 6672 §5.3.1).
  void judge_made_from(const RRset& dname, const RRset& cname) {
    judge_once(dname);
    const std::optional<Name> target = redirected(cname.owner, dname.owner, target_of(dname));
    if (target && *target == target_of(cname)) return;
    examination_.conclude(SecurityStatus::bogus, complaint(ede::dnssec_bogus, dname.owner, cname.owner, Type::cname,
                                                           "it does not follow from the DNAME above it"));
  }

  const RRset* dname_above(const Name& name) const {
    for (Name at = name; !at.is_root();) {
      at = at.parent();
      if (const RRset* dname = examination_.find_answer(at, Type::dname)) return dname;
    }
    return nullptr;
  }

  /// A client takes all of the answer section for true, so all of it is judged (RFC 4035 §3.2.3).
  void judge_the_rest() {
    for (const RRset& rrset : examination_.rrsets()) {
      if (examination_.is_bogus()) return;
      if (rrset.section == Section::answer && rrset.type != Type::rrsig) judge_once(rrset);
    }
  }

  void judge_once(const RRset& rrset) {
    if (std::ranges::find(judged_, &rrset) != judged_.end()) return;
    judged_.push_back(&rrset);
    const bool may_be_made = rrset.type == Type::cname && rrset.signatures.empty();
    if (const RRset* dname = may_be_made ? dname_above(rrset.owner) : nullptr)
      judge_made_from(*dname, rrset);
    else
      examination_.positive(rrset);
  }

  Question asked_;
  Rcode rcode_;
  const std::optional<Name>& end_;
  Examination& examination_;
  std::vector<const RRset*> judged_;
};

Judgement indeterminate() { return {}; }

}  // namespace

std::variant<Judgement, Needs> judge(const AnswerPart& answer, ZoneTable& table, WallTime now, ProofBudget& budget) {
  const Rcode rcode = answer.message.rcode();
  if (rcode != Rcode::noerror && rcode != Rcode::nxdomain) return indeterminate();
  if (answer.message.index().qclass != Class::in) return indeterminate();
  Examination examination(answer.message, table, now, budget);
  ChainWalk(answer, examination).run();
  if (!examination.is_bogus() && examination.has_needs()) return std::move(examination).needs();
  Judgement& judgement = examination.judgement();
  if (judgement.rrsets.empty()) return indeterminate();
  if (judgement.status == SecurityStatus::secure && !clock_is_set(now))
    judgement.why = ExtendedError{ede::other, "The clock is not set: signatures are checked without their dates"};
  return std::move(judgement);
}

std::optional<Judgement> judge_unsigned(const Message& answer, ZoneTable& table, WallTime now) {
  const Question asked = answer.question();
  const bool is_answer = answer.rcode() == Rcode::noerror || answer.rcode() == Rcode::nxdomain;
  if (!is_answer || asked.qclass != Class::in || asked.type == Type::ds) return std::nullopt;
  const ProvenZone* zone = table.closest(asked.name, now);
  if (zone == nullptr || zone->state != ZoneState::insecure) return std::nullopt;
  bool is_plain = true;
  for_each_record(answer.wire(), answer.index(), [&](const ResourceRecord& record) {
    if (record.section != Section::answer) return;
    const bool leads_away = record.type != asked.type && record.type != Type::rrsig;
    is_plain = is_plain && !leads_away && record.rclass == Class::in && answer.name_at(record.owner) == asked.name;
  });
  if (!is_plain) return std::nullopt;
  return Judgement{.status = SecurityStatus::insecure, .why = zone->why};
}

Needs foreseen(const Question& question, ZoneTable& table, WallTime now) {
  const Name place = question.type == Type::ds ? question.name.parent() : question.name;
  const ProvenZone* zone = table.closest(place, now);
  if (zone == nullptr || zone->state == ZoneState::insecure) return {};
  Needs needs;
  if (zone->state == ZoneState::delegated) needs.questions.push_back({zone->name, Type::dnskey, Class::in});
  for (std::size_t labels = zone->name.label_count() + 1; labels <= place.label_count(); ++labels) {
    if (needs.questions.size() >= ProofBudget::needs_at_once) break;
    const Name cut = ancestor(place, labels);
    if (table.find(cut, now) != nullptr) continue;
    needs.questions.push_back({cut, Type::ds, Class::in});
    if (labels == 1) needs.questions.push_back({cut, Type::dnskey, Class::in});
  }
  return needs;
}

}  // namespace tacet
