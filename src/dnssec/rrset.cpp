#include "dnssec/rrset.hpp"

#include <algorithm>

#include "dns/record_walk.hpp"
#include "dns/wire.hpp"
#include "dnssec/proof_budget.hpp"

namespace tacet {
namespace {

class Grouping {
public:
  explicit Grouping(const Message& message) : message_(message) {}

  std::vector<RRset> run() {
    walk([&](const ResourceRecord& record) {
      if (record.type != Type::rrsig) add(record);
    });
    walk([&](const ResourceRecord& record) {
      if (record.type == Type::rrsig && !attach(record)) add(record);
    });
    return std::move(rrsets_);
  }

private:
  template <class Visit>
  void walk(Visit&& visit) {
    for_each_record(message_.wire(), message_.index(), [&](const ResourceRecord& record) {
      if (record.section != Section::additional && record.rclass == Class::in) visit(record);
    });
  }

  RRset* find(Section section, const Name& owner, Type type) {
    const auto found = std::ranges::find_if(rrsets_, [&](const RRset& rrset) {
      return rrset.type == type && rrset.section == section && rrset.owner == owner;
    });
    return found == rrsets_.end() ? nullptr : &*found;
  }

  void add(const ResourceRecord& record) {
    const Name owner = message_.name_at(record.owner);
    RRset* rrset = find(record.section, owner, record.type);
    if (rrset == nullptr) {
      if (rrsets_.size() == ProofBudget::rrsets_of_an_answer) return;
      rrset = &rrsets_.emplace_back(RRset{.owner = owner, .type = record.type, .section = record.section});
      rrset->ttl = record.ttl;
      rrset->message = message_.wire();
    }
    rrset->ttl = std::min(rrset->ttl, record.ttl);
    rrset->records.push_back(record);
  }

  /// Gives a signature to the RRset that it covers; false if there is none.
  bool attach(const ResourceRecord& record) {
    const Rrsig signature = read_rrsig(message_.rdata(record));
    RRset* rrset = find(record.section, message_.name_at(record.owner), signature.covered);
    if (rrset == nullptr || rrset->type == Type::rrsig) return false;
    if (rrset->signatures.size() < ProofBudget::signatures_of_an_rrset) rrset->signatures.push_back(signature);
    return true;
  }

  const Message& message_;
  std::vector<RRset> rrsets_;
};

}  // namespace

Rrsig read_rrsig(Bytes rdata) {
  Rrsig signature{.covered = static_cast<Type>(load16(rdata, 0)), .algorithm = rdata[2], .labels = rdata[3]};
  signature.original_ttl = load32(rdata, 4);
  signature.expiration = load32(rdata, 8);
  signature.inception = load32(rdata, 12);
  signature.key_tag = load16(rdata, 16);
  signature.signer = expand_name(rdata, Rrsig::fixed_size);
  signature.fixed = rdata.first(Rrsig::fixed_size);
  signature.signature = rdata.subspan(Rrsig::fixed_size + signature.signer.wire().size());
  return signature;
}

std::vector<RRset> rrsets_of(const Message& message) { return Grouping(message).run(); }

}  // namespace tacet
