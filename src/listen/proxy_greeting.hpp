#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/descriptor.hpp"
#include "base/loop.hpp"
#include "transport/dial/socket.hpp"

namespace tacet {

/// Reads the PROXY header at the beginning of a front end's connection, and not an octet more.
class ProxyGreeting {
public:
  static constexpr Duration limit = std::chrono::seconds(5);
  /// Called once, with the client's address (the front end's own if it speaks for itself). The socket is invalid if
  /// there was no header in time. It may destroy the ProxyGreeting.
  using OnDone = std::function<void(Descriptor, const KernelAddress&)>;

  /// `socket` must not block. `loop` must outlive it. std::bad_alloc.
  ProxyGreeting(Loop& loop, Descriptor socket, const KernelAddress& front_end, OnDone on_done);

  /// Watches the socket no longer. Call it before another watches it.
  void forget_socket() { watch_.reset(); }

private:
  void on_readable();
  void end(Descriptor socket, const KernelAddress& client);

  Descriptor socket_;
  KernelAddress front_end_;
  OnDone on_done_;
  std::vector<std::uint8_t> octets_;
  std::size_t wanted_;  // octets until the next look
  std::optional<Watch> watch_;
  Alarm patience_;
};

}  // namespace tacet
