#include <algorithm>

#include "dns/svcb.hpp"
#include "fuzz/property.hpp"

using namespace tacet;
using namespace tacet::fuzz;

namespace {

void append16(std::vector<std::uint8_t>& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

std::vector<std::uint8_t> written(const ServiceBinding& binding) {
  std::vector<std::uint8_t> rdata;
  append16(rdata, binding.priority);
  const Bytes target = binding.target.wire();
  rdata.insert(rdata.end(), target.begin(), target.end());
  for (const auto& [key, value] : binding.parameters) {
    append16(rdata, key);
    append16(rdata, value.size());
    rdata.insert(rdata.end(), value.begin(), value.end());
  }
  return rdata;
}

void check_ech(Bytes list) {
  const Result<std::string> name = ech_public_name(list);
  if (!name) return;
  require(!name->empty() && name->size() <= 255, "a public name is there and short");
  require(std::ranges::search(list, *name, {}, {}, [](char c) { return static_cast<std::uint8_t>(c); }).size() > 0,
          "a public name stands in its list");
  require(std::ranges::all_of(*name, [](char c) { return c > 0x20 && c < 0x7F && c != '/' && c != '\\'; }),
          "a public name can be printed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::vector<std::uint8_t> input = copy_of({octets, size});
  check_ech(input);
  const Result<ServiceBinding> binding = parse_service_binding(input);
  if (!binding) return 0;
  require(written(*binding) == input, "what was read is what was written");
  for (const auto& [key, value] : binding->parameters)
    require(binding->find(key).has_value() && binding->find(key)->data() == value.data(), "every parameter is found");
  require(std::ranges::is_sorted(binding->parameters, std::ranges::less_equal{}, &ServiceBinding::Parameter::key) ||
              binding->parameters.size() < 2,
          "keys increase");
  if (const auto ech = binding->find(svc_param::ech)) check_ech(copy_of(*ech));
  return 0;
}
