#include <algorithm>

#include "fuzz/property.hpp"
#include "transport/network/network_state.hpp"

using namespace tacet;
using namespace tacet::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::vector<std::uint8_t> input = copy_of({octets, size});
  NetworkState once;
  NetworkState twice;
  const bool ended = once.add(input);
  require(twice.add(input) == ended && twice.add(input) == ended, "the same messages end the same way");
  require(once == twice, "a picture does not count how often it was told");
  NetworkState empty;
  require(empty == NetworkState{}, "a picture that was told nothing is empty");
  return 0;
}
