#include "privacy/https_evidence.hpp"

#include <algorithm>

#include "dns/svcb.hpp"

namespace tacet {
namespace {

/// The most CNAMEs and aliases that are followed in one message.
constexpr int most_hops = 16;
/// No honest answer has more records, and a walk over them would take long.
constexpr std::size_t most_records = 128;

bool is_https_of(const Message& message, const ResourceRecord& record, const Name& owner) {
  return record.type == Type::https && record.rclass == Class::in && message.name_at(record.owner) == owner;
}

/// The name at the end of the CNAMEs of the answer section that start at `name`.
Name canonical(const Message& message, const std::vector<ResourceRecord>& records, Name name) {
  for (int hop = 0; hop < most_hops; ++hop) {
    const auto found = std::ranges::find_if(records, [&](const ResourceRecord& record) {
      return record.section == Section::answer && record.type == Type::cname && message.name_at(record.owner) == name;
    });
    if (found == records.end()) break;
    name = message.name_at(found->rdata);
  }
  return name;
}

/// The HTTPS records of `owner`, the preferred first; a fault if one of them is malformed.
Result<std::vector<ServiceBinding>> bindings_of(const Message& message, const std::vector<ResourceRecord>& records,
                                                const Name& owner) {
  std::vector<ServiceBinding> bindings;
  for (const ResourceRecord& record : records) {
    if (!is_https_of(message, record, owner)) continue;
    auto binding = parse_service_binding(message.rdata(record));
    if (!binding) return fail(std::move(binding.error()));
    bindings.push_back(*std::move(binding));
  }
  std::ranges::stable_sort(bindings, {}, &ServiceBinding::priority);
  return bindings;
}

/// The RDATA of the record of `owner` with this priority.
std::vector<std::uint8_t> rdata_of(const Message& message, const std::vector<ResourceRecord>& records,
                                   const Name& owner, std::uint16_t priority) {
  for (const ResourceRecord& record : records) {
    if (!is_https_of(message, record, owner)) continue;
    const Bytes rdata = message.rdata(record);
    if (parse_service_binding(rdata)->priority == priority) return {rdata.begin(), rdata.end()};
  }
  return {};
}

/// Judges records in ServiceMode.
void judge(const std::vector<ServiceBinding>& bindings, HttpsEvidence& evidence) {
  evidence.state = EchState::ech;
  for (const ServiceBinding& binding : bindings) {
    const auto ech = binding.find(svc_param::ech);
    if (!ech) {
      evidence.state = EchState::no_ech;
      evidence.malformed = false;
      evidence.public_name.clear();
      return;
    }
    auto public_name = ech_public_name(*ech);
    if (!public_name) {
      evidence.state = EchState::unknown;
      evidence.malformed = true;
    } else if (evidence.public_name.empty()) {
      evidence.public_name = *std::move(public_name);
    }
  }
  if (evidence.malformed) evidence.public_name.clear();
}

}  // namespace

std::string_view to_string(EchState state) {
  switch (state) {
    case EchState::unknown:
      return "unknown";
    case EchState::no_https:
      return "no https record";
    case EchState::no_ech:
      return "no ech";
    case EchState::ech:
      break;
  }
  return "ech";
}

HttpsEvidence read_https_evidence(Bytes wire) {
  HttpsEvidence evidence;
  const auto message = Message::parse({wire.begin(), wire.end()});
  const auto records = message ? message->records() : std::vector<ResourceRecord>{};
  if (!message || records.size() > most_records) {
    evidence.malformed = true;
    return evidence;
  }
  evidence.owner = canonical(*message, records, message->question().name);
  const bool usable = message->rcode() == Rcode::noerror || message->rcode() == Rcode::nxdomain;
  if (!usable || message->index().has(flag::tc)) return evidence;
  for (int hop = 0; hop < most_hops; ++hop) {
    const auto bindings = bindings_of(*message, records, evidence.owner);
    if (!bindings) {
      evidence.malformed = true;
      return evidence;
    }
    if (bindings->empty()) {
      if (hop == 0)
        evidence.state = EchState::no_https;
      else
        evidence.alias = evidence.owner;
      return evidence;
    }
    const ServiceBinding& first = bindings->front();
    evidence.rdata = rdata_of(*message, records, evidence.owner, first.priority);
    if (!first.alias()) {
      judge(*bindings, evidence);
      return evidence;
    }
    if (first.target.is_root()) {  // "not available" (RFC 9460 §2.5.1)
      evidence.state = EchState::no_https;
      return evidence;
    }
    evidence.owner = first.target;
  }
  evidence.malformed = true;  // the aliases do not end
  return evidence;
}

}  // namespace tacet
