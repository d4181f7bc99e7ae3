#include "daemon/listen_addresses.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace tacet {
namespace {

/// Where IPv6 is off, nobody can ask at ::1, and nobody misses it if it is served by default only.
bool is_missed(const SocketAddress& address) { return !address.is_default || !address.address.is_v6(); }

}  // namespace

ListenAddresses::ListenAddresses(const std::vector<ListenSockets>& sockets) {
  for (const ListenSockets& listen : sockets) addresses_.emplace_back(listen.address, to_string(listen));
}

std::vector<std::string> ListenAddresses::texts() const {
  std::vector<std::string> texts;
  for (const auto& [address, text] : addresses_) texts.push_back(text);
  return texts;
}

std::vector<std::string> ListenAddresses::absent() const {
  std::vector<std::string> texts;
  for (const auto& [address, text] : addresses_)
    if (!is_present(address) && is_missed(address)) texts.push_back(text);
  return texts;
}

void ListenAddresses::follow(Loop& loop) {
  tell();
  own_network_.emplace(loop, [this](const OwnNetwork&) { tell(); });
}

void ListenAddresses::tell() {
  auto now = absent();
  for (const std::string& address : now)
    if (std::ranges::find(told_absent_, address) == told_absent_.end())
      log::warn("{}: this machine has no such address now; it is served as soon as it is there", address);
  for (const std::string& address : told_absent_)
    if (std::ranges::find(now, address) == now.end()) log::info("{} is there now, and served", address);
  told_absent_ = std::move(now);
}

}  // namespace tacet
