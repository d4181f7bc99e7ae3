#include "doctor/authenticity.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "dns/edns.hpp"
#include "dnssec/canonical.hpp"

namespace tacet {
namespace {

bool has_signatures(const Message& answer) {
  return std::ranges::any_of(answer.records(), [](const auto& record) { return record.type == Type::rrsig; });
}

/// A resolver that holds an old answer passes it on with its old signatures: that is no lie.
bool is_out_of_date(const Judgement& judgement) {
  return judgement.why &&
         (judgement.why->code == ede::signature_expired || judgement.why->code == ede::signature_not_yet_valid);
}

}  // namespace

Authenticity authenticity_of(const Message& answer, const Judgement& own, const Reference* reference) {
  const bool is_error = answer.rcode() != Rcode::noerror && answer.rcode() != Rcode::nxdomain;
  if (is_error) return Authenticity::refused;
  if (own.status == SecurityStatus::secure) return Authenticity::authentic;
  if (answer.index().has(flag::tc)) return Authenticity::unproven;
  if (reference == nullptr || reference->judgement.status != SecurityStatus::secure) return Authenticity::unproven;
  if (own.status != SecurityStatus::bogus || is_out_of_date(own)) return Authenticity::unproven;
  if (has_signatures(answer)) return Authenticity::forged;
  return content_of(answer) == content_of(reference->message) ? Authenticity::stripped : Authenticity::contradicted;
}

std::set<std::string> content_of(const Message& answer) {
  std::set<std::string> content{to_string(answer.rcode())};
  for (const auto& record : answer.records())
    if (record.section == Section::answer && record.type != Type::rrsig)
      content.insert(to_string(record.type) + std::string(chars_of(canonical_rdata(answer.wire(), record))));
  return content;
}

}  // namespace tacet
