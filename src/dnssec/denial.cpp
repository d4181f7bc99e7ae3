#include "dnssec/denial.hpp"

namespace tacet {

DenialProof Denial::no_name(const Name& name, ProofBudget& budget) const {
  return nsec_.no_name(name) ? DenialProof::secure : nsec3_.no_name(name, budget);
}

DenialProof Denial::no_data(const Name& name, Type type, ProofBudget& budget) const {
  return nsec_.no_data(name, type) ? DenialProof::secure : nsec3_.no_data(name, type, budget);
}

DenialProof Denial::no_closer(const Name& name, const Name& closest_encloser, ProofBudget& budget) const {
  return nsec_.no_closer(name, closest_encloser) ? DenialProof::secure
                                                 : nsec3_.no_closer(name, closest_encloser, budget);
}

CutProof Denial::cut(const Name& name, ProofBudget& budget) const {
  const CutProof proof = nsec_.cut(name);
  return proof == CutProof::none ? nsec3_.cut(name, budget) : proof;
}

bool Denial::delegates_unsigned(const Name& name, ProofBudget& budget) const {
  return nsec_.delegates_unsigned(name) || nsec3_.delegates_unsigned(name, budget);
}

}  // namespace tacet
