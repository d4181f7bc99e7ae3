#pragma once
#include <list>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "dnssec/denial.hpp"
#include "dnssec/judge.hpp"
#include "dnssec/rrset.hpp"
#include "dnssec/verification.hpp"

namespace tacet {

/// The examination of one answer, RRset by RRset and denial by denial: collects the verdict and what must be learned
/// first. judge() and learn() say what is to be examined. The message and the table must outlive it.
class Examination {
public:
  Examination(const Message& message, ZoneTable& table, WallTime now, ProofBudget& budget);

  std::span<const RRset> rrsets() const { return rrsets_; }
  /// Null if there is none in the answer section.
  const RRset* find_answer(const Name& owner, Type type) const;

  /// Judges records that are there (RFC 4035 §5.3); with a wildcard's, also that nothing stands between. Nothing if
  /// something must be learned first.
  std::optional<SecurityStatus> positive(const RRset& rrset);
  /// Judges that a name does not exist (`rcode` NXDOMAIN) or has no records of a type (NOERROR; RFC 4035 §5.4).
  std::optional<SecurityStatus> negative(const Name& name, Type type, Rcode rcode);
  /// Judges what the denial of a name's DS records says about a delegation at it. `none` is bogus.
  std::optional<CutProof> cut(const Name& name);

  /// Adds to the verdict: the weakest status counts, and the first reason for it.
  void conclude(SecurityStatus status, std::optional<ExtendedError> why);

  const Judgement& judgement() const { return judgement_; }
  Judgement& judgement() { return judgement_; }
  /// In order, from the top of the tree down.
  Needs needs() &&;
  bool has_needs() const { return paused_ || !needs_.empty(); }
  bool is_bogus() const { return judgement_.status == SecurityStatus::bogus; }

private:
  /// The denials of a zone, and the first one that cannot be right.
  struct ZoneDenial {
    explicit ZoneDenial(const Name& zone) : name(zone), denial(zone) {}
    Name name;
    Denial denial;
    std::optional<ExtendedError> flaw;      // of the records that deny
    std::optional<ExtendedError> soa_flaw;  // of the SOA beside them, which says only for how long
    bool has_soa = false;                   // a genuine one: the zone itself speaks, and none below it
  };

  enum class Readiness : std::uint8_t {
    ready,       ///< the keys are known
    waiting,     ///< they were added to what is needed
    impossible,  ///< no zone begins at the signer
  };

  const ProvenZone* zone_of(const Name& owner, Type type);
  const Name* denying_signer(const Name& name, Type type, const ProvenZone& zone) const;
  Readiness readiness(const ProvenZone& zone, const Name& signer);
  bool require_cuts(const ProvenZone& zone, const Name& name, const Name& probable);
  Name probable_apex(const ProvenZone& zone, const Name& name, const Name& otherwise) const;
  void require(const Name& name, Type type);
  bool delegates_unsigned(const Name& name, Type type, const ProvenZone& zone);
  std::optional<SecurityStatus> without_signer(const RRset& rrset, const ProvenZone& zone, JudgedRRset judged);
  std::optional<SecurityStatus> verified(const RRset& rrset, const ProvenZone& zone, JudgedRRset judged);
  DenialProof no_closer(const RRset& rrset, const Rrsig& signature, const ProvenZone& zone,
                        std::optional<ExtendedError>& why);
  const ZoneDenial* denial_for(const Name& name, Type type, const ProvenZone& zone, bool& waiting);
  ZoneDenial& denial_of(const ProvenZone& zone);
  void collect(const RRset& rrset, const ProvenZone& zone, ZoneDenial& into);
  void limit_ttl(const RRset& rrset, const Rrsig& signature);
  SecurityStatus settle(JudgedRRset judged, SecurityStatus status, std::optional<ExtendedError> why);

  ZoneTable& table_;
  WallTime now_;
  ProofBudget& budget_;
  std::vector<RRset> rrsets_;
  std::list<ZoneDenial> denials_;
  std::vector<Question> needs_;
  std::optional<Question> shortcut_;
  bool paused_ = false;
  Judgement judgement_;
};

}  // namespace tacet
