#include "dnssec/keys.hpp"

#include <algorithm>
#include <functional>

#include "dns/wire.hpp"
#include "dnssec/canonical.hpp"
#include "dnssec/proof_budget.hpp"

namespace tacet {

Ds read_ds(Bytes rdata) {
  const Bytes digest = rdata.subspan(4);
  return {load16(rdata, 0), rdata[2], rdata[3], {digest.begin(), digest.end()}};
}

Dnskey read_dnskey(Bytes rdata) { return {load16(rdata, 0), rdata[2], rdata[3], rdata}; }

std::uint16_t Dnskey::tag() const {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < rdata.size(); ++i) sum += i % 2 == 0 ? std::uint32_t{rdata[i]} << 8 : rdata[i];
  return static_cast<std::uint16_t>(sum + (sum >> 16));
}

bool matches(const Ds& ds, const Name& owner, const Dnskey& key) {
  if (ds.algorithm != key.algorithm || ds.key_tag != key.tag()) return false;
  const Name lower = canonical(owner);
  std::vector<std::uint8_t> data(lower.wire().begin(), lower.wire().end());
  data.insert(data.end(), key.rdata.begin(), key.rdata.end());
  const std::vector<std::uint8_t> digest = digest_of(ds.digest_type, data);
  return !digest.empty() && digest == ds.digest;
}

std::vector<Ds> usable(std::vector<Ds> records) {
  constexpr std::uint8_t sha1 = 1;
  std::erase_if(records, [](const Ds& ds) { return !knows_algorithm(ds.algorithm) || !knows_digest(ds.digest_type); });
  const auto is_newer = [](const Ds& ds) { return ds.digest_type != sha1; };
  if (std::ranges::any_of(records, is_newer)) std::erase_if(records, std::not_fn(is_newer));
  if (records.size() > ProofBudget::ds_of_a_zone) records.resize(ProofBudget::ds_of_a_zone);
  return records;
}

}  // namespace tacet
