#include "listen/open_sockets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/log.hpp"
#include "config/address.hpp"
#include "listen/activation.hpp"
#include "system/service_manager.hpp"

namespace tacet {
namespace {

using Opened = std::vector<std::vector<ListenSockets>>;

/// How often to try a port in use again, once a second.
constexpr int most_waits = 10;

/// Binds one address. Waits for a port in use only under a service manager, which would start us again and log much
/// each time. A person at a terminal wants to know at once.
Result<std::vector<ListenSockets>> bind_when_free(const SocketAddress& address, ClientTransport streams,
                                                  unsigned workers) {
  const auto bind = [&] {
    return is_encrypted(streams) ? bind_encrypted(address, streams, workers) : bind_sockets(address, workers);
  };
  auto bound = bind();
  for (int waits = 0; has_service_manager() && waits < most_waits; ++waits) {
    if (bound || bound.error().fault != Fault::in_use) break;
    if (waits == 0) log::warn("{}. Waiting for it", bound.error().detail);
    std::this_thread::sleep_for(std::chrono::seconds(1));
    bound = bind();
  }
  return bound;
}

/// Adds one address; nothing if the machine lacks its family. Where IPv6 is off, that is no fault of the default's ::1.
Result<void> add(const SocketAddress& address, ClientTransport streams, Opened& sockets) {
  auto bound = bind_when_free(address, streams, static_cast<unsigned>(sockets.size()));
  if (!bound && bound.error().fault == Fault::unsupported) {
    if (address.is_default && address.address.is_v6())
      log::info("IPv6 is off here, so {} is not served", to_string(address));
    else
      log::warn("{}: not served", bound.error().detail);
    return {};
  }
  if (!bound) return fail(std::move(bound.error()));
  for (std::size_t i = 0; i < sockets.size(); ++i) sockets[i].push_back(std::move((*bound)[i]));
  return {};
}

/// The addresses of `listen`, defaults included.
Result<void> bind_plain(const Config& config, Opened& sockets) {
  const std::size_t before = sockets.front().size();
  for (const SocketAddress& address : config.listen)
    if (auto added = add(address, ClientTransport::tcp, sockets); !added) return fail(std::move(added.error()));
  if (sockets.front().size() == before)
    return fail(Fault::unsupported, "this machine has none of the addresses of `listen`");
  if (const auto remark = left_out(config.listen)) log::warn("{}", *remark);
  return {};
}

/// The service manager's sockets for every worker.
Result<Opened> share_all(std::vector<ListenSockets> passed, unsigned workers) {
  Opened sockets;
  for (unsigned i = 1; i < workers; ++i) {
    auto copies = share_sockets(passed);
    if (!copies) return fail(copies.error());
    sockets.push_back(*std::move(copies));
  }
  sockets.push_back(std::move(passed));
  return sockets;
}

/// True if this socket receives datagrams for `address`.
bool covers(const ListenSockets& passed, ClientTransport streams, const SocketAddress& address) {
  if (passed.streams != streams) return false;
  if (passed.address.port != address.port) return false;
  if (passed.address.address == address.address) return true;
  if (!passed.address.address.is_unspecified()) return false;
  if (passed.address.address.is_v6() == address.address.is_v6()) return true;
  return passed.address.address.is_v6() && takes_both_families(passed.tcp);
}

/// The kernel lets no socket listen on all addresses of a port while another listens on one of them.
Result<void> check_beside(const std::vector<ListenSockets>& passed, const SocketAddress& address) {
  if (!address.address.is_unspecified()) return {};
  for (const ListenSockets& each : passed) {
    if (each.address.port != address.port || each.address.address.is_v6() != address.address.is_v6()) continue;
    return fail(Fault::invalid_config,
                fmt::format("listen: {} cannot be opened beside {}, which systemd holds for tacet. Name this machine's "
                            "addresses one by one, or let tacet open all by itself: systemctl disable --now "
                            "tacet.socket && systemctl restart tacet",
                            to_string(address), to_string(each.address)));
  }
  return {};
}

/// A service manager's sockets do not tell whether a user asked for their addresses.
void mark_defaults(std::vector<ListenSockets>& passed, const std::vector<SocketAddress>& listen) {
  for (ListenSockets& each : passed)
    for (const SocketAddress& address : listen)
      if (address.is_default && address.address == each.address.address && address.port == each.address.port)
        each.address.is_default = !is_encrypted(each.streams);
}

/// The addresses that a user added are served, too.
Result<void> add_missing(const std::vector<SocketAddress>& addresses, ClientTransport streams, Opened& sockets) {
  for (const SocketAddress& address : addresses) {
    const auto& there = sockets.front();
    const auto covers_it = [&](const auto& each) { return covers(each, streams, address); };
    if (address.is_default || std::ranges::any_of(there, covers_it)) continue;
    if (auto possible = check_beside(there, address); !possible) return possible;
    if (auto added = add(address, streams, sockets); !added) return added;
  }
  return {};
}

/// A socket for a transport that is off cannot be served.
Result<void> check_wanted(const std::vector<ListenSockets>& passed, const Config& config) {
  for (const ListenSockets& each : passed) {
    const auto& section = each.streams == ClientTransport::https ? config.https : config.tls;
    if (is_encrypted(each.streams) && section.listen.empty())
      return fail(Fault::invalid_config,
                  fmt::format("the service manager passed {}, and {}.listen is empty: name this address there, with a "
                              "certificate and its key",
                              to_string(each), to_string(each.streams)));
  }
  return {};
}

}  // namespace

Result<Opened> open_sockets(const Config& config) {
  auto passed = pair_passed_sockets(take_passed_descriptors());
  if (!passed) return fail(passed.error());
  if (auto wanted = check_wanted(*passed, config); !wanted) return fail(std::move(wanted.error()));
  mark_defaults(*passed, config.listen);
  const bool is_plain_passed =
      std::ranges::any_of(*passed, [](const auto& each) { return !is_encrypted(each.streams); });
  auto sockets = share_all(*std::move(passed), config.workers);
  if (!sockets) return sockets;
  if (!is_plain_passed)
    if (auto bound = bind_plain(config, *sockets); !bound) return fail(std::move(bound.error()));
  for (const auto& [streams, addresses] : {std::pair(ClientTransport::tcp, &config.listen),
                                           {ClientTransport::https, &config.https.listen},
                                           {ClientTransport::tls, &config.tls.listen}})
    if (auto added = add_missing(*addresses, streams, *sockets); !added) return fail(std::move(added.error()));
  return sockets;
}

}  // namespace tacet
