#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "dnssec/nsec.hpp"
#include "dnssec/nsec3.hpp"

namespace tacet {

/// All that the verified NSEC and NSEC3 records of one zone in one answer prove.
class Denial {
public:
  explicit Denial(const Name& zone) : nsec_(zone), nsec3_(zone) {}

  void add(const Nsec& record) { nsec_.add(record); }
  void add(const Nsec3& record) { nsec3_.add(record); }
  bool empty() const { return nsec_.empty() && nsec3_.empty(); }
  /// The iterations of the NSEC3 records are more than ProofBudget allows.
  bool has_too_many_iterations() const { return nsec3_.has_too_many_iterations(); }

  /// Neither the name nor a wildcard for it exists (RFC 4035 §5.4, RFC 5155 §8.4).
  DenialProof no_name(const Name& name, ProofBudget& budget) const;
  /// The name, or the wildcard for it, has no records of the type and no alias (RFC 5155 §8.5-8.7).
  DenialProof no_data(const Name& name, Type type, ProofBudget& budget) const;
  /// Nothing exists between `closest_encloser` and `name`, so the wildcard applied (RFC 4035 §5.3.4, RFC 5155 §8.8).
  DenialProof no_closer(const Name& name, const Name& closest_encloser, ProofBudget& budget) const;
  /// What it says about a delegation at `name`, whose DS records it denies (RFC 5155 §8.6, §8.9).
  CutProof cut(const Name& name, ProofBudget& budget) const;
  /// One of its records is the name's own, and says that an unsigned zone begins there.
  bool delegates_unsigned(const Name& name, ProofBudget& budget) const;

private:
  NsecRecords nsec_;
  Nsec3Records nsec3_;
};

}  // namespace tacet
