#include "transport/ares_channel.hpp"

#include <arpa/inet.h>
#include <sys/time.h>

#include <array>
#include <string>

#include "base/shield.hpp"

namespace tacet {
namespace {

std::string csv_of(const std::vector<SocketAddress>& servers) {
  std::string csv;
  for (const auto& server : servers) csv += (csv.empty() ? "" : ",") + to_string(server);
  return csv;
}

}  // namespace

Fault fault_of_ares(int status) {
  switch (status) {
    case ARES_ETIMEOUT:
      return Fault::timeout;
    case ARES_ECONNREFUSED:
      return Fault::unreachable;
    case ARES_ENOMEM:
      return Fault::overloaded;
    case ARES_EBADNAME:
    case ARES_ENOTINITIALIZED:
      return Fault::system;
    case ARES_EBADRESP:
      return Fault::malformed;
    default:
      return Fault::protocol;
  }
}

AresChannel::AresChannel(Loop& loop)
    : loop_(loop),
      alarm_(loop.scheduler(), [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }) {}

AresChannel::~AresChannel() {
  if (channel_ != nullptr) ares_destroy(channel_);
}

/// Every one of these options must be given, or c-ares reads the system's files to complete them.
int AresChannel::open(const std::vector<SocketAddress>& servers, const Settings& settings) {
  ares_options options{};
  in_addr nowhere{htonl(INADDR_LOOPBACK)};
  std::array<char, 2> no_files{"b"};  // DNS only
  options.flags = settings.flags;
  options.timeout = settings.timeout_ms;
  options.tries = settings.tries;
  options.ndots = 1;
  options.ednspsz = settings.udp_size;
  options.servers = &nowhere;  // replaced below, by what can also say ports and IPv6
  options.nservers = 1;
  options.lookups = no_files.data();
  options.sock_state_cb = &AresChannel::on_socket;
  options.sock_state_cb_data = this;
  int given = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_EDNSPSZ |
              ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
  given |= ARES_OPT_QUERY_CACHE;  // with a maximum of 0: what is kept is kept by us
#endif
  const int status = ares_init_options(&channel_, &options, given);
  return status == ARES_SUCCESS ? ares_set_servers_ports_csv(channel_, csv_of(servers).c_str()) : status;
}

void AresChannel::process(ares_socket_t readable, ares_socket_t writable) {
  ares_process_fd(channel_, readable, writable);
  rearm();
}

void AresChannel::rearm() {
  timeval next{};
  alarm_.disarm();
  if (ares_timeout(channel_, nullptr, &next) == nullptr) return;
  alarm_.arm(loop_.now() + std::chrono::seconds(next.tv_sec) + std::chrono::microseconds(next.tv_usec));
}

void AresChannel::watch(ares_socket_t descriptor, bool readable, bool writable) {
  if (!readable && !writable) {
    watches_.erase(descriptor);
    return;
  }
  auto& watch = watches_[descriptor];
  if (!watch) {
    watch = std::make_unique<Watch>(loop_, descriptor, [this, descriptor](Watch::Ready ready) {
      const bool read = ready == Watch::Ready::read;
      process(read ? descriptor : ARES_SOCKET_BAD, read ? ARES_SOCKET_BAD : descriptor);
    });
  }
  watch->want_read(readable);
  watch->want_write(writable);
}

void AresChannel::on_socket(void* self, ares_socket_t descriptor, int readable, int writable) {
  // One that cannot be watched is as one on which nothing comes: c-ares asks again when its time is over.
  shielded(0, [&] { return static_cast<AresChannel*>(self)->watch(descriptor, readable != 0, writable != 0), 0; });
}

}  // namespace tacet
