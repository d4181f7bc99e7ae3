#pragma once
#include <optional>
#include <vector>

#include "dnssec/denial_proof.hpp"
#include "dnssec/rrset.hpp"
#include "dnssec/type_bitmap.hpp"
#include "tacet/name.hpp"

namespace tacet {

/// A verified NSEC record (RFC 4034 §4). If it was expanded from a wildcard, its owner is the wildcard
/// (CVE-2017-15105).
struct Nsec {
  Name owner;
  Name next;
  TypeBitmap types;

  /// It says something about names below its owner: no delegation is there, and no DNAME (RFC 6840 §4.1).
  bool speaks_for_below() const { return !types.has(Type::dname) && (!types.has(Type::ns) || types.has(Type::soa)); }
};
/// Pre: `rdata` has the shape of an NSEC record, and outlives the result.
Nsec read_nsec(const Name& owner, Bytes rdata);

/// True if `record` of the zone `zone` proves that `name` does not exist, which leaves open whether a wildcard applies.
/// False for an empty non-terminal, which exists.
bool covers(const Nsec& record, const Name& zone, const Name& name);

/// The longest existing name that `name`, which `record` covers, lies below.
Name closest_encloser(const Nsec& record, const Name& name);

/// What the verified NSEC records of one zone prove (RFC 4035 §5.4). The functions say what Denial's do.
class NsecRecords {
public:
  explicit NsecRecords(const Name& zone) : zone_(zone) {}

  /// Ignores a record that reaches out of the zone.
  void add(const Nsec& record);
  bool empty() const { return records_.empty(); }

  bool no_name(const Name& name) const;
  bool no_data(const Name& name, Type type) const;
  bool no_closer(const Name& name, const Name& closest_encloser) const;
  CutProof cut(const Name& name) const;
  bool delegates_unsigned(const Name& name) const;

private:
  const Nsec* at(const Name& name) const;
  const Nsec* covering(const Name& name) const;
  /// True if the name exists only because of names below it.
  bool is_empty_non_terminal(const Name& name) const;

  Name zone_;
  std::vector<Nsec> records_;
};

/// True if the types at a name show that it has no records of `type`: neither the type nor an alias, and the record
/// speaks for the right side of a delegation (RFC 6840 §4.1, §4.3).
bool denies(const TypeBitmap& types, const Name& owner, Type type);

/// What the types at a name say about a delegation there (RFC 4035 §5.2); nothing if there are DS records, or if the
/// zone itself begins there.
CutProof cut_at(const TypeBitmap& types);

}  // namespace tacet
