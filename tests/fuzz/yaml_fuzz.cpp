#include "config/print.hpp"
#include "config/yaml.hpp"
#include "fuzz/property.hpp"

using namespace tacet;
using namespace tacet::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::string text(octets, octets + size);
  const auto config = read_config(text, "fuzzed");
  if (!config) {
    require(!config.error().empty(), "what is refused is refused for a reason");
    return 0;
  }
  require(!config->upstreams.empty() && config->workers > 0, "an accepted configuration can be used");
  const std::string printed = to_yaml(*config);
  if (printed.contains("***@")) return 0;  // a secret is missing there, and its mask is refused
  const auto again = read_config(printed, "printed");
  if (!again) std::fputs(printed.c_str(), stderr);
  require(again.has_value(), "what is printed is accepted");
  require(*again == *config, "and means the same");
  require(to_yaml(*again) == printed, "and is printed alike");
  return 0;
}
