#include "tacet/upstream.hpp"

namespace tacet {

std::string_view to_string(Rung rung) {
  switch (rung) {
    case Rung::configured:
      return "configured";
    case Rung::other_transport:
      return "other-transport";
    case Rung::no_name:
      return "no-sni";
    case Rung::split_greeting:
      return "split-greeting";
    case Rung::proxy:
      return "proxy";
  }
  return "?";
}

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
    case Transport::doq:
      return "DoQ";
  }
  return "unknown";
}

}  // namespace tacet
