#include "dns/without_opt.hpp"

#include <utility>
#include <vector>

#include "dns/wire.hpp"

namespace tacet {

Message without_opt(const Message& query) {
  std::vector<std::uint8_t> wire(query.wire().begin(), query.wire().begin() + query.index().edns.begins);
  store16(wire, 10, 0);
  store16(wire, 2, static_cast<std::uint16_t>(load16(wire, 2) & ~static_cast<unsigned>(flag::ad | flag::cd)));
  return Message::parse(std::move(wire)).value();
}

}  // namespace tacet
