#pragma once
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "dnssec/denial_proof.hpp"
#include "dnssec/proof_budget.hpp"
#include "dnssec/signature.hpp"
#include "dnssec/type_bitmap.hpp"
#include "tacet/name.hpp"

namespace tacet {

/// A verified NSEC3 record (RFC 5155 §3). Views octets of its message.
struct Nsec3 {
  static constexpr std::uint8_t opt_out = 1;

  Nsec3Hasher::Hash owner{};
  Nsec3Hasher::Hash next{};
  std::uint8_t flags = 0;
  std::uint16_t iterations = 0;
  Bytes salt;
  TypeBitmap types;

  bool opts_out() const { return (flags & opt_out) != 0; }
};
/// Nothing for a record that has to be ignored: an unknown hash algorithm or flag (RFC 5155 §8.1-8.2), or an owner that
/// is no hash below `zone`. Pre: `rdata` has the shape of an NSEC3 record, and outlives the result.
std::optional<Nsec3> read_nsec3(const Name& owner, const Name& zone, Bytes rdata);

/// What the verified NSEC3 records of one zone prove (RFC 5155 §8). The functions say what Denial's do.
class Nsec3Records {
public:
  explicit Nsec3Records(const Name& zone) : zone_(zone) {}

  /// Ignores a record with other parameters than the first one's (RFC 5155 §8.2).
  void add(const Nsec3& record);
  bool empty() const { return records_.empty(); }
  /// Too many to be hashed: what these records deny counts as unsigned (RFC 9276 §3.2), or as no proof if they are far
  /// too many.
  bool has_too_many_iterations() const;

  DenialProof no_name(const Name& name, ProofBudget& budget) const;
  DenialProof no_data(const Name& name, Type type, ProofBudget& budget) const;
  DenialProof no_closer(const Name& name, const Name& closest_encloser, ProofBudget& budget) const;
  CutProof cut(const Name& name, ProofBudget& budget) const;
  bool delegates_unsigned(const Name& name, ProofBudget& budget) const;

private:
  /// The closest encloser proof of RFC 5155 §8.3: an existing name, and the record that covers the next closer one.
  struct Encloser {
    Name name;
    const Nsec3* covering;
  };

  /// What is to be said without hashing; nothing if the records can be used.
  std::optional<DenialProof> unusable() const;
  std::optional<Nsec3Hasher::Hash> hash(const Name& name, ProofBudget& budget) const;
  const Nsec3* at(const Name& name, ProofBudget& budget) const;
  const Nsec3* covering(const Name& name, ProofBudget& budget) const;
  std::optional<Encloser> encloser(const Name& name, ProofBudget& budget) const;

  Name zone_;
  std::vector<Nsec3> records_;
  mutable std::optional<Nsec3Hasher> hasher_;
  mutable std::vector<std::pair<Name, Nsec3Hasher::Hash>> hashed_;
};

}  // namespace tacet
