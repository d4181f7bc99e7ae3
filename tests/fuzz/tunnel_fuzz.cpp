#include <algorithm>

#include "fuzz/property.hpp"
#include "transport/dial/tunnel_handshake.hpp"

using namespace tacet;
using namespace tacet::fuzz;

namespace {

struct Outcome {
  std::size_t taken = 0;
  bool is_done = false;
  std::optional<Error> error;
  std::vector<std::uint8_t> said;
  friend bool operator==(const Outcome& a, const Outcome& b) {
    return a.taken == b.taken && a.is_done == b.is_done && a.said == b.said &&
           a.error.has_value() == b.error.has_value() && (!a.error || a.error->detail == b.error->detail);
  }
};

void note_said(TunnelHandshake& handshake, Outcome& outcome) {
  const auto said = handshake.take_output();
  outcome.said.insert(outcome.said.end(), said.begin(), said.end());
}

/// Hands the proxy's octets over in pieces of this size.
Outcome talk(const TunnelRequest& request, Bytes octets, std::size_t piece) {
  Outcome outcome;
  const auto handshake = tunnel_handshake(request);
  note_said(*handshake, outcome);
  while (!octets.empty() && !handshake->is_done()) {
    const Bytes next = octets.first(std::min(piece, octets.size()));
    const auto taken = handshake->take(next);
    note_said(*handshake, outcome);
    if (!taken) {
      outcome.error = taken.error();
      outcome.taken = 0;  // how far it came does not matter
      return outcome;
    }
    require(*taken == next.size() || handshake->is_done(), "only a tunnel that is there leaves octets");
    outcome.taken += *taken;
    octets = octets.subspan(*taken);
  }
  outcome.is_done = handshake->is_done();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  Choices choices({octets, size});
  const std::uint8_t how = choices.u8();
  const DialTarget target = (how & 4U) != 0   ? DialTarget("2001:db8::1", 853)
                            : (how & 8U) != 0 ? DialTarget::by_name("dns.example", 853)
                                              : DialTarget("192.0.2.1", 853);
  TunnelRequest request{.proxy = {}, .target = target, .isolation = "alone"};
  request.proxy.kind = (how & 1U) != 0 ? ProxyKind::http : ProxyKind::socks5;
  request.proxy.address = {.address = "127.0.0.1", .port = 1080};
  if ((how & 2U) != 0) request.proxy.user = "user";
  if ((how & 2U) != 0) request.proxy.password = "QpassQ";
  const std::vector<std::uint8_t> input = copy_of(choices.rest());

  const Outcome whole = talk(request, input, std::max<std::size_t>(1, input.size()));
  require(whole == talk(request, input, 1), "pieces say what the whole says");
  require(whole.said.size() < 2048, "and little is said");
  if (!whole.error) return 0;
  const auto printable = [](char octet) { return octet >= ' ' && octet < 0x7f; };
  require(!whole.error->detail.empty() && std::ranges::all_of(whole.error->detail, printable),
          "no proxy can steer a terminal");
  require(!whole.error->detail.contains("QpassQ"), "and no words hold a password");
  return 0;
}
