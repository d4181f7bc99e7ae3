#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "observe/client_transport.hpp"
#include "observe/metrics.hpp"
#include "tacet/instant.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// The client's address as the listener has it: the kernel's form of a socket address, which only the writer of the
/// query log reads. A view into the listener's buffer.
struct ClientView {
  Bytes address = {};
  ClientTransport transport = ClientTransport::udp;
};

/// A copy of it.
struct ClientAddress {
  std::array<std::uint8_t, 28> address{};  ///< a sockaddr_in or sockaddr_in6
  std::uint8_t address_size = 0;           ///< 0: unknown
  ClientTransport transport = ClientTransport::udp;

  ClientAddress() = default;
  explicit ClientAddress(const ClientView& view)
      : address_size(static_cast<std::uint8_t>(std::min(view.address.size(), address.size()))),
        transport(view.transport) {
    std::copy_n(view.address.begin(), address_size, address.begin());
  }
};

/// One answered query that waits to be written down.
struct LoggedQuery {
  ClientAddress client;
  std::array<std::uint8_t, Name::max_size> name{};
  std::uint8_t name_size = 0;
  Type type = Type::a;
  Rcode rcode = Rcode::noerror;
  Source source = Source::cache;
  std::optional<std::uint16_t> extended_error;
  Instant arrived{};
  Duration taken{};
  std::string upstream;  ///< Upstream::id() of the upstream that answered; empty: none was asked
};

/// A ring of fixed size between one worker and the thread that writes the query log. Neither side waits for the other;
/// a query that finds no room is counted and dropped. One thread puts, one thread takes.
class QueryTap {
public:
  static constexpr std::size_t default_size = 4096;

  /// put() calls `wake` if the taker has said that it sleeps; `wake` must not wait. `size` is a power of two.
  explicit QueryTap(std::function<void()> wake, std::size_t size = default_size)
      : wake_(std::move(wake)),
        ring_(size) {}

  /// Calls `fill(LoggedQuery&)` on a free place, which still has its former content; false if there is none.
  template <class Fill>
  bool put(Fill&& fill) {
    const std::size_t at = put_.load(std::memory_order_relaxed);
    if (at - taken_.load(std::memory_order_acquire) == ring_.size()) {
      dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      return false;
    }
    fill(ring_[at & (ring_.size() - 1)]);
    put_.store(at + 1);  // before the look at sleeps_: the taker sets sleeps_ before it looks here
    if (sleeps_.load() && sleeps_.exchange(false)) wake_();
    return true;
  }

  /// Calls `take(const LoggedQuery&)` for at most `most` waiting queries, the oldest first; returns their number.
  template <class Take>
  std::size_t take(std::size_t most, Take&& take_one) {
    const std::size_t from = taken_.load(std::memory_order_relaxed);
    const std::size_t count = std::min(most, put_.load(std::memory_order_acquire) - from);
    for (std::size_t i = 0; i < count; ++i) {
      take_one(static_cast<const LoggedQuery&>(ring_[(from + i) & (ring_.size() - 1)]));
      taken_.store(from + i + 1, std::memory_order_release);
    }
    return count;
  }

  /// Asks the next put() to wake the taker. True if the taker may sleep, false if a query waits already.
  bool sleep() {
    sleeps_.store(true);
    if (put_.load() == taken_.load(std::memory_order_relaxed)) return true;
    sleeps_.store(false);
    return false;
  }

  /// Queries that found no room. Any thread.
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

private:
  std::function<void()> wake_;
  std::vector<LoggedQuery> ring_;
  std::atomic<std::size_t> put_{0}, taken_{0};  // counts since the start
  std::atomic<bool> sleeps_{false};
  std::atomic<std::uint64_t> dropped_{0};  // only the putting thread writes it
};

}  // namespace tacet
