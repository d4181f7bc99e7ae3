#include "tacet/upstream.hpp"

namespace tacet {

std::string_view to_string(Transport transport) {
  switch (transport) {
    case Transport::udp:
      return "UDP";
    case Transport::tcp:
      return "TCP";
    case Transport::dot:
      return "DoT";
    case Transport::doh:
      return "DoH";
  }
  return "unknown";
}

}  // namespace tacet
