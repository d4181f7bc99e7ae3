#pragma once
#include <ares.h>

#include <map>
#include <memory>
#include <vector>

#include "base/loop.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// A c-ares channel that lives on a loop: its sockets are watched there, its timeouts are an alarm of ours. It reads no
/// file of the system's and keeps no answers. A server may have a link-local address with its interface, and what is no
/// answer is not taken for one.
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
  /// Calls back for what is pending, so what the callbacks touch must still be there.
  ~AresChannel();
  AresChannel(const AresChannel&) = delete;
  AresChannel& operator=(const AresChannel&) = delete;

  /// Once, before anything else: ARES_SUCCESS, or a status.
  int open(const std::vector<SocketAddress>& servers, const Settings& settings);

  ares_channel get() const { return channel_; }
  /// To be called after asking something through get().
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

/// What a status means to us.
Fault fault_of_ares(int status);

}  // namespace tacet
