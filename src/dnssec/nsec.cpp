#include "dnssec/nsec.hpp"

#include <algorithm>

#include "dns/wire.hpp"
#include "dnssec/canonical.hpp"

namespace tacet {
namespace {

/// True if `name` lies in the gap between the owner and the next name of a record; the last record's next name is the
/// zone's own.
bool in_gap(const Nsec& record, const Name& zone, const Name& name) {
  return name.under(zone) && canonical_order(record.owner, name) < 0 &&
         (record.next == zone || canonical_order(name, record.next) < 0) &&
         (record.speaks_for_below() || !name.under(record.owner));
}

}  // namespace

Nsec read_nsec(const Name& owner, Bytes rdata) {
  const Name next = expand_name(rdata, 0);
  return {owner, next, TypeBitmap(rdata.subspan(next.wire().size()))};
}

bool covers(const Nsec& record, const Name& zone, const Name& name) {
  return in_gap(record, zone, name) && !record.next.under(name);
}

Name closest_encloser(const Nsec& record, const Name& name) {
  const Name before = common_ancestor(name, record.owner), behind = common_ancestor(name, record.next);
  return before.label_count() < behind.label_count() ? behind : before;
}

bool denies(const TypeBitmap& types, const Name& owner, Type type) {
  if (type == Type::any) return types.is_bare();
  if (types.has(type) || types.has(Type::cname)) return false;
  if (type == Type::ds) return owner.is_root() || !types.has(Type::soa);
  return !types.has(Type::ns) || types.has(Type::soa);
}

CutProof cut_at(const TypeBitmap& types) {
  if (types.has(Type::ds) || types.has(Type::soa)) return CutProof::none;
  return types.has(Type::ns) ? CutProof::insecure : CutProof::no_cut;
}

void NsecRecords::add(const Nsec& record) {
  if (record.owner.under(zone_) && record.next.under(zone_)) records_.push_back(record);
}

const Nsec* NsecRecords::at(const Name& name) const {
  const auto found = std::ranges::find(records_, name, &Nsec::owner);
  return found == records_.end() ? nullptr : &*found;
}

const Nsec* NsecRecords::covering(const Name& name) const {
  const auto found = std::ranges::find_if(records_, [&](const Nsec& record) { return covers(record, zone_, name); });
  return found == records_.end() ? nullptr : &*found;
}

bool NsecRecords::is_empty_non_terminal(const Name& name) const {
  return std::ranges::any_of(
      records_, [&](const Nsec& record) { return in_gap(record, zone_, name) && record.next.under(name); });
}

bool NsecRecords::no_name(const Name& name) const {
  if (const Nsec* record = at(name)) return record->types.has(nxname);
  const Nsec* covering_record = covering(name);
  return covering_record != nullptr && covering(wildcard_below(closest_encloser(*covering_record, name))) != nullptr;
}

bool NsecRecords::no_data(const Name& name, Type type) const {
  if (const Nsec* record = at(name)) return denies(record->types, name, type);
  if (is_empty_non_terminal(name)) return true;
  const Nsec* covering_record = covering(name);
  if (covering_record == nullptr) return false;
  const Name wildcard = wildcard_below(closest_encloser(*covering_record, name));
  const Nsec* record = at(wildcard);
  if (record != nullptr) return denies(record->types, wildcard, type);
  return is_empty_non_terminal(wildcard);
}

bool NsecRecords::no_closer(const Name& name, const Name& closest_encloser) const {
  return covering(ancestor(name, closest_encloser.label_count() + 1)) != nullptr;
}

bool NsecRecords::delegates_unsigned(const Name& name) const {
  const Nsec* record = at(name);
  return record != nullptr && cut_at(record->types) == CutProof::insecure;
}

CutProof NsecRecords::cut(const Name& name) const {
  if (const Nsec* record = at(name)) return cut_at(record->types);
  return covering(name) != nullptr || is_empty_non_terminal(name) ? CutProof::no_cut : CutProof::none;
}

}  // namespace tacet
