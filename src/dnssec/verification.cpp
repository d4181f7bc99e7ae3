#include "dnssec/verification.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>

#include "dns/rdata_shape.hpp"
#include "dns/wire.hpp"
#include "dnssec/canonical.hpp"
#include "dnssec/complaint.hpp"
#include "dnssec/validity.hpp"

namespace tacet {
namespace {

/// The labels of an owner as RRSIG records count them: without a leading "*" (RFC 4034 §3.1.3).
std::size_t counted_labels(const Name& owner) { return owner.label_count() - (is_wildcard(owner) ? 1 : 0); }

constexpr std::size_t octets_of_a_microsecond = 400;  // that a digest takes

std::string date(std::uint32_t seconds) {
  const std::time_t time = seconds;
  return fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(time));
}

/// What is signed of an RRset has at most so many octets: each name may expand to the longest.
std::size_t most_octets(const RRset& rrset) {
  std::size_t octets = 0;
  for (const ResourceRecord& record : rrset.records)
    octets += rrset.owner.wire().size() + record_head_size + record.rdata_size +
              std::size_t{shape_of(record.type).names} * Name::max_size;
  return octets;
}

/// One search. If it finds no signature that holds, it keeps the reason that says most.
class Search {
public:
  Search(const RRset& rrset, const Name& zone, std::span<const ZoneKey> keys, WallTime now, ProofBudget& budget)
      : rrset_(rrset),
        zone_(zone),
        keys_(keys),
        now_(now),
        budget_(budget) {}

  Verification run() {
    if (rrset_.signatures.empty()) note(rank_missing, ede::rrsigs_missing, "it has no signature");
    for (const Rrsig& signature : rrset_.signatures) {
      if (is_acceptable(signature) && is_signed_by_key(signature)) return {&signature, {}};
      if (paused_) break;
    }
    return {nullptr, std::move(why_), paused_};
  }

private:
  // A signature that does not hold says more than a wrong date, and a date says more than a missing key.
  static constexpr int rank_missing = 1, rank_no_key = 2, rank_date = 3, rank_wrong = 4;

  void note(int rank, std::uint16_t code, std::string_view words) {
    if (rank <= rank_) return;
    rank_ = rank;
    why_ = complaint(code, zone_, rrset_.owner, rrset_.type, words);
  }

  /// What can be seen without arithmetic (RFC 4035 §5.3.1).
  bool is_acceptable(const Rrsig& signature) {
    if (!(signature.signer == zone_)) {
      note(rank_missing, ede::dnssec_bogus, "its signer is not its zone");
      return false;
    }
    if (signature.labels > counted_labels(rrset_.owner) || signature.labels < zone_.label_count()) {
      note(rank_wrong, ede::dnssec_bogus, "its signature has a wrong number of labels");
      return false;
    }
    return is_in_time(signature);
  }

  bool is_in_time(const Rrsig& signature) {
    switch (validity_of(signature, now_)) {
      case Validity::valid:
        return true;
      case Validity::not_yet:
        note(rank_date, ede::signature_not_yet_valid,
             fmt::format("its signature is valid from {} on", date(signature.inception)));
        return false;
      case Validity::expired:
        note(rank_date, ede::signature_expired, fmt::format("its signature ended {}", date(signature.expiration)));
        return false;
      case Validity::inverted:
        note(rank_date, ede::dnssec_bogus, "its signature ends before it begins");
        return false;
    }
    return false;
  }

  bool is_signed_by_key(const Rrsig& signature) {
    std::vector<std::uint8_t> data;
    int tried = 0;
    for (const ZoneKey& key : keys_) {
      if (key.tag != signature.key_tag || key.algorithm != signature.algorithm) continue;
      if (data.empty() && !budget_.take_octets(most_octets(rrset_))) return too_costly();
      if (data.empty()) data = ordered_data(signature);
      if (key.key.remembers(data, signature.signature)) return true;
      const int cost = key.key.cost() + static_cast<int>(data.size() / octets_of_a_microsecond);
      if (!may_verify(cost, tried++)) return false;
      if (key.key.verifies(data, signature.signature)) return true;
      budget_.note_failure(cost);
      note(rank_wrong, ede::dnssec_bogus, fmt::format("its signature by key {} is wrong", key.tag));
    }
    if (tried == 0)
      note(rank_no_key, ede::dnskey_missing,
           fmt::format("the zone has no key {} that could have signed it", signature.key_tag));
    return false;
  }

  std::vector<std::uint8_t> ordered_data(const Rrsig& signature) {
    constexpr std::size_t records_of_a_microsecond = 4, octets_of_a_copied_microsecond = 2000;
    std::vector<std::uint8_t> data = signed_data(rrset_, signature);
    budget_.beside += static_cast<int>(rrset_.records.size() / records_of_a_microsecond +
                                       data.size() / octets_of_a_copied_microsecond);
    return data;
  }

  bool may_verify(int cost, int tried) {
    if (tried == ProofBudget::keys_of_one_tag) return too_costly();
    const ProofBudget::Grant grant = budget_.take_verification(cost);
    if (grant == ProofBudget::Grant::spent) return too_costly();
    paused_ = grant == ProofBudget::Grant::paused;
    return !paused_;
  }

  bool too_costly() {
    note(rank_wrong, ede::dnssec_bogus, "it would cost too much to verify");
    return false;
  }

  const RRset& rrset_;
  const Name& zone_;
  std::span<const ZoneKey> keys_;
  WallTime now_;
  ProofBudget& budget_;
  int rank_ = 0;
  bool paused_ = false;
  ExtendedError why_;
};

}  // namespace

bool Verification::is_expansion_of(const RRset& rrset) const { return signature->labels < counted_labels(rrset.owner); }

Verification verify(const RRset& rrset, const Name& zone, std::span<const ZoneKey> keys, WallTime now,
                    ProofBudget& budget) {
  return Search(rrset, zone, keys, now, budget).run();
}

}  // namespace tacet
