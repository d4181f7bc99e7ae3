#include "dnssec/nsec3.hpp"

#include <algorithm>

#include "dns/wire.hpp"
#include "dnssec/canonical.hpp"
#include "dnssec/nsec.hpp"

namespace tacet {
namespace {

/// The hash that a label spells in base32hex (RFC 4648 §7), 32 characters without padding.
std::optional<Nsec3Hasher::Hash> hash_from(Bytes label) {
  constexpr std::size_t characters = 32;
  if (label.size() != characters) return std::nullopt;
  Nsec3Hasher::Hash hash{};
  std::size_t size = 0;
  unsigned held = 0, bits = 0;
  for (const std::uint8_t octet : label) {
    const std::uint8_t c = fold(octet);
    const bool is_digit = c >= '0' && c <= '9', is_letter = c >= 'a' && c <= 'v';
    if (!is_digit && !is_letter) return std::nullopt;
    held = (held << 5 | (is_digit ? c - '0' : c - 'a' + 10U)) & 0xFFF;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    hash[size++] = static_cast<std::uint8_t>(held >> bits);
  }
  return hash;
}

bool in_gap(const Nsec3& record, const Nsec3Hasher::Hash& hash) {
  if (record.owner < record.next) return record.owner < hash && hash < record.next;
  return record.owner < hash || hash < record.next;  // the last one, whose next is the first
}

/// The blocks that SHA-1 reads to hash a name. A long salt makes five of one (RFC 9276 §2.4).
int blocks_of(const Name& name, const Nsec3& parameters) {
  constexpr std::size_t block = 64, end = 9;
  const auto blocks = [](std::size_t octets) { return static_cast<int>((octets + end + block - 1) / block); };
  const std::size_t salt = parameters.salt.size();
  return blocks(name.wire().size() + salt) + parameters.iterations * blocks(Nsec3Hasher::size + salt);
}

DenialProof by(const Nsec3& covering) { return covering.opts_out() ? DenialProof::insecure : DenialProof::secure; }

}  // namespace

std::optional<Nsec3> read_nsec3(const Name& owner, const Name& zone, Bytes rdata) {
  constexpr std::uint8_t sha1 = 1;
  if (rdata[0] != sha1 || (rdata[1] & ~Nsec3::opt_out) != 0) return std::nullopt;
  if (owner.is_root() || !(owner.parent() == zone)) return std::nullopt;
  const auto hash = hash_from(owner.wire().subspan(1, owner.wire()[0]));
  Nsec3 record{.flags = rdata[1], .iterations = load16(rdata, 2), .salt = rdata.subspan(5, rdata[4])};
  const std::size_t next_at = 5 + std::size_t{rdata[4]};
  if (!hash || rdata[next_at] != Nsec3Hasher::size) return std::nullopt;
  record.owner = *hash;
  std::ranges::copy(rdata.subspan(next_at + 1, Nsec3Hasher::size), record.next.begin());
  record.types = TypeBitmap(rdata.subspan(next_at + 1 + Nsec3Hasher::size));
  return record;
}

void Nsec3Records::add(const Nsec3& record) {
  const bool fits = records_.empty() || (records_.front().iterations == record.iterations &&
                                         std::ranges::equal(records_.front().salt, record.salt));
  if (fits) records_.push_back(record);
}

bool Nsec3Records::has_too_many_iterations() const {
  return !records_.empty() && records_.front().iterations > ProofBudget::insecure_iterations;
}

std::optional<DenialProof> Nsec3Records::unusable() const {
  if (records_.empty()) return DenialProof::none;
  if (!has_too_many_iterations()) return std::nullopt;
  const bool far = records_.front().iterations > ProofBudget::bogus_iterations;
  return far ? DenialProof::none : DenialProof::insecure;
}

std::optional<Nsec3Hasher::Hash> Nsec3Records::hash(const Name& name, ProofBudget& budget) const {
  const auto known = std::ranges::find(hashed_, name, &std::pair<Name, Nsec3Hasher::Hash>::first);
  if (known != hashed_.end()) return known->second;
  const Nsec3& first = records_.front();
  if (!budget.take_hash(blocks_of(name, first))) return std::nullopt;
  if (!hasher_) hasher_.emplace();
  return hashed_.emplace_back(name, hasher_->hash(name, first.salt, first.iterations)).second;
}

const Nsec3* Nsec3Records::at(const Name& name, ProofBudget& budget) const {
  const auto wanted = hash(name, budget);
  const auto found =
      std::ranges::find_if(records_, [&](const Nsec3& record) { return wanted && record.owner == *wanted; });
  return found == records_.end() ? nullptr : &*found;
}

const Nsec3* Nsec3Records::covering(const Name& name, ProofBudget& budget) const {
  const auto wanted = hash(name, budget);
  const auto found =
      std::ranges::find_if(records_, [&](const Nsec3& record) { return wanted && in_gap(record, *wanted); });
  return found == records_.end() ? nullptr : &*found;
}

std::optional<Nsec3Records::Encloser> Nsec3Records::encloser(const Name& name, ProofBudget& budget) const {
  for (Name next_closer = name; next_closer.under(zone_) && !(next_closer == zone_);) {
    const Name above = next_closer.parent();
    if (const Nsec3* match = at(above, budget)) {
      const bool ends_here =
          match->types.has(Type::dname) || (match->types.has(Type::ns) && !match->types.has(Type::soa));
      const Nsec3* cover = ends_here ? nullptr : covering(next_closer, budget);
      return cover == nullptr ? std::nullopt : std::optional(Encloser{above, cover});
    }
    next_closer = above;
  }
  return std::nullopt;
}

DenialProof Nsec3Records::no_name(const Name& name, ProofBudget& budget) const {
  if (const auto known = unusable()) return *known;
  const auto found = encloser(name, budget);
  if (!found || covering(wildcard_below(found->name), budget) == nullptr) return DenialProof::none;
  return by(*found->covering);
}

DenialProof Nsec3Records::no_data(const Name& name, Type type, ProofBudget& budget) const {
  if (const auto known = unusable()) return *known;
  if (const Nsec3* match = at(name, budget))
    return denies(match->types, name, type) ? DenialProof::secure : DenialProof::none;
  const auto found = encloser(name, budget);
  if (!found) return DenialProof::none;
  const Name wildcard = wildcard_below(found->name);
  if (const Nsec3* match = at(wildcard, budget))
    return denies(match->types, wildcard, type) ? by(*found->covering) : DenialProof::none;
  return found->covering->opts_out() ? DenialProof::insecure : DenialProof::none;
}

DenialProof Nsec3Records::no_closer(const Name& name, const Name& closest_encloser, ProofBudget& budget) const {
  if (const auto known = unusable()) return *known;
  const Nsec3* cover = covering(ancestor(name, closest_encloser.label_count() + 1), budget);
  return cover == nullptr ? DenialProof::none : by(*cover);
}

bool Nsec3Records::delegates_unsigned(const Name& name, ProofBudget& budget) const {
  if (unusable()) return false;
  const Nsec3* record = at(name, budget);
  return record != nullptr && cut_at(record->types) == CutProof::insecure;
}

CutProof Nsec3Records::cut(const Name& name, ProofBudget& budget) const {
  if (const auto known = unusable()) return *known == DenialProof::none ? CutProof::none : CutProof::insecure;
  if (const Nsec3* match = at(name, budget)) return cut_at(match->types);
  const auto found = encloser(name, budget);
  if (!found) return CutProof::none;
  return found->covering->opts_out() ? CutProof::insecure : CutProof::no_cut;
}

}  // namespace tacet
