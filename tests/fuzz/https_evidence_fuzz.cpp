#include "dns/svcb.hpp"
#include "fuzz/property.hpp"
#include "privacy/https_evidence.hpp"

using namespace tacet;
using namespace tacet::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::vector<std::uint8_t> wire = copy_of({octets, size});
  const HttpsEvidence evidence = read_https_evidence(wire);
  const bool known = evidence.state != EchState::unknown;
  require(!known || index_message(wire).has_value(), "nothing is known from a broken message");
  require(!known || (!evidence.malformed && !evidence.alias), "what is known is neither broken nor elsewhere");
  require((evidence.state == EchState::ech) == !evidence.public_name.empty(), "ech has a public name, and only ech");
  require(evidence.state == EchState::unknown || evidence.state == EchState::no_https || !evidence.rdata.empty(),
          "what a record says has that record");
  if (evidence.rdata.empty()) return 0;
  const Result<ServiceBinding> binding = parse_service_binding(evidence.rdata);
  require(binding.has_value(), "the deciding record can be read");
  require(evidence.state != EchState::ech || !binding->alias(), "an alias has no ech");
  require(evidence.state != EchState::ech || binding->find(svc_param::ech), "the deciding record has the ech");
  return 0;
}
