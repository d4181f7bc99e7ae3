#include <algorithm>

#include "fuzz/property.hpp"
#include "transport/network_picture.hpp"

using namespace tacet;
using namespace tacet::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::vector<std::uint8_t> input = copy_of({octets, size});
  NetworkPicture once;
  NetworkPicture twice;
  const bool ended = once.add(input);
  require(twice.add(input) == ended && twice.add(input) == ended, "the same messages end the same way");
  require(once == twice, "a picture does not count how often it was told");
  NetworkPicture empty;
  require(empty == NetworkPicture{}, "a picture that was told nothing is empty");
  return 0;
}
