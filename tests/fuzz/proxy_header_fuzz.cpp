// PROXY headers of front ends.
#include "fuzz/property.hpp"
#include "listen/proxy_header.hpp"

using namespace tacet;
using namespace tacet::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::vector<std::uint8_t> input = copy_of({octets, size});
  const auto header = parse_proxy_header(input);
  if (!header) return 0;
  require(header->size >= ProxyHeader::fixed_size && header->size <= size, "a header lies within what was sent");
  require(header->size <= ProxyHeader::most, "a header has a limit");
  const auto told = proxy_header_size(input);
  require(told && *told == header->size, "its first octets tell its size");
  const auto alone = parse_proxy_header(Bytes(input).first(header->size));
  require(alone.has_value() && alone->client.has_value() == header->client.has_value(), "what follows does not matter");
  if (header->client)
    require(header->client->family() == AF_INET || header->client->family() == AF_INET6, "a client has an IP address");
  return 0;
}
