#pragma once
#include <ares.h>

#include <map>
#include <memory>
#include <vector>

#include "base/loop.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// A c-ares channel on a loop: the loop watches its sockets, and an alarm runs its timeouts. It reads no system file
/// and keeps no answers. A server may have a link-local address with its interface. It ignores a datagram that is no
/// answer.
class AresChannel {
public:
  struct Settings {
    int flags = 0;       ///< ARES_FLAG_…
    int timeout_ms = 0;  ///< of the first try; doubled for each further one
    int tries = 0;
    int udp_size = 1232;  ///< the largest answer taken by UDP, if the flags have ARES_FLAG_EDNS
  };

  /// `loop` must outlive it.
  explicit AresChannel(Loop& loop);
  /// Calls back for pending questions, so the objects that the callbacks use must still exist.
  ~AresChannel();
  AresChannel(const AresChannel&) = delete;
  AresChannel& operator=(const AresChannel&) = delete;

  /// Call it once, before anything else. Returns ARES_SUCCESS or another status.
  int open(const std::vector<SocketAddress>& servers, const Settings& settings);

  ares_channel get() const { return channel_; }
  /// Call it after you asked something through get().
  void rearm();

private:
  void process(ares_socket_t readable, ares_socket_t writable);
  void watch(ares_socket_t descriptor, bool readable, bool writable);
  static void on_socket(void* self, ares_socket_t descriptor, int readable, int writable);
  static int connect_socket(ares_socket_t descriptor, const sockaddr* address, ares_socklen_t size, void* self);

  Loop& loop_;
  std::vector<SocketAddress> link_local_;  // the servers whose address needs its interface
  ares_channel channel_ = nullptr;
  std::map<ares_socket_t, std::unique_ptr<Watch>> watches_;
  Alarm alarm_;
};

/// The error for a c-ares status.
Fault fault_of_ares(int status);

}  // namespace tacet
