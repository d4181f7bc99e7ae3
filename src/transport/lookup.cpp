#include "transport/lookup.hpp"

#include <ares.h>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "transport/bootstrap.hpp"

namespace tacet {

namespace {

/// c-ares does not notice a refusal at once when it has asked for A and AAAA together, so it must not wait for long.
constexpr int timeout_ms = 400;
constexpr int tries = 2;

std::string text_of(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* octets = nullptr;
  if (address->sa_family == AF_INET) octets = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
  if (address->sa_family == AF_INET6) octets = &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  if (octets == nullptr || ::inet_ntop(address->sa_family, octets, text.data(), text.size()) == nullptr) return {};
  return text.data();
}

/// The addresses in the order given, each once; the least TTL.
Addresses addresses_in(const ares_addrinfo& info) {
  Addresses found{{}, std::chrono::hours(24)};
  for (const ares_addrinfo_node* node = info.nodes; node != nullptr; node = node->ai_next) {
    std::string text = text_of(node->ai_addr);
    if (text.empty() || std::ranges::find(found.addresses, text) != found.addresses.end()) continue;
    found.addresses.push_back(std::move(text));
    found.ttl = std::min<Duration>(found.ttl, std::chrono::seconds(node->ai_ttl));
  }
  return found;
}

Fault fault_of(int status) {
  switch (status) {
    case ARES_ETIMEOUT:
      return Fault::timeout;
    case ARES_ECONNREFUSED:
      return Fault::unreachable;
    case ARES_ENOMEM:
    case ARES_EBADNAME:
    case ARES_ENOTINITIALIZED:
      return Fault::system;
    default:
      return Fault::protocol;
  }
}

std::string csv_of(const std::vector<SocketAddress>& servers) {
  std::string csv;
  for (const auto& server : servers) csv += (csv.empty() ? "" : ",") + to_string(server);
  return csv;
}

}  // namespace

struct Lookup::State {
  State(Loop& on, std::string asked)
      : loop(on),
        name(std::move(asked)),
        alarm(loop.scheduler(), [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }),
        done(loop.scheduler()) {}

  Loop& loop;
  std::string name;
  ares_channel channel = nullptr;
  std::map<ares_socket_t, std::unique_ptr<Watch>> watches;
  Alarm alarm;
  OneShot<Result<Addresses>> done;

  /// Every one of these options must be given, or c-ares reads the system's files to complete them.
  int open(const std::vector<SocketAddress>& servers) {
    ares_options options{};
    in_addr nowhere{htonl(INADDR_LOOPBACK)};
    std::array<char, 2> no_files{"b"};  // DNS only
    options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
    options.timeout = timeout_ms;
    options.tries = tries;
    options.ndots = 1;
    options.servers = &nowhere;  // replaced below, by what can also say ports and IPv6
    options.nservers = 1;
    options.lookups = no_files.data();
    options.sock_state_cb = &State::on_socket;
    options.sock_state_cb_data = this;
    int given = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_SERVERS |
                ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
    given |= ARES_OPT_QUERY_CACHE;  // with a maximum of 0: what is kept is kept by Bootstrap
#endif
    const int status = ares_init_options(&channel, &options, given);
    return status == ARES_SUCCESS ? ares_set_servers_ports_csv(channel, csv_of(servers).c_str()) : status;
  }

  void ask() {
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_flags = ARES_AI_NOSORT;
    ares_getaddrinfo(channel, name.c_str(), nullptr, &hints, &State::on_answer, this);
    rearm();
  }

  void process(ares_socket_t readable, ares_socket_t writable) {
    ares_process_fd(channel, readable, writable);
    rearm();
  }

  void rearm() {
    timeval next{};
    alarm.disarm();
    if (ares_timeout(channel, nullptr, &next) == nullptr) return;
    alarm.arm(loop.now() + std::chrono::seconds(next.tv_sec) + std::chrono::microseconds(next.tv_usec));
  }

  void watch(ares_socket_t descriptor, bool readable, bool writable) {
    if (!readable && !writable) {
      watches.erase(descriptor);
      return;
    }
    auto& watch = watches[descriptor];
    if (!watch) {
      watch = std::make_unique<Watch>(loop, descriptor, [this, descriptor](Watch::Ready ready) {
        const bool read = ready == Watch::Ready::read;
        process(read ? descriptor : ARES_SOCKET_BAD, read ? ARES_SOCKET_BAD : descriptor);
      });
    }
    watch->want_read(readable);
    watch->want_write(writable);
  }

  static void on_socket(void* self, ares_socket_t descriptor, int readable, int writable) {
    static_cast<State*>(self)->watch(descriptor, readable != 0, writable != 0);
  }

  static void on_answer(void* self, int status, int, ares_addrinfo* info) {
    auto& state = *static_cast<State*>(self);
    const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owned(info, &ares_freeaddrinfo);
    if (status != ARES_SUCCESS) return state.failed(status);
    Addresses found = info != nullptr ? addresses_in(*info) : Addresses{};
    if (found.addresses.empty()) return state.failed(ARES_ENODATA);
    state.done.deliver(std::move(found));
  }

  void failed(int status) {
    done.deliver(fail(fault_of(status), fmt::format("no address of {}: {}", name, ares_strerror(status))));
  }
};

Lookup::Lookup(Loop& loop, const std::vector<SocketAddress>& servers, const std::string& name)
    : state_(std::make_unique<State>(loop, name)) {
  if (const int status = state_->open(servers); status != ARES_SUCCESS) {
    state_->failed(status);
  } else {
    state_->ask();
  }
}

/// c-ares calls back for what is pending, so everything that this touches must still be there.
Lookup::~Lookup() {
  if (state_->channel != nullptr) ares_destroy(state_->channel);
}

Task<Result<Addresses>> Lookup::wait(Instant deadline) {
  auto found = co_await state_->done.wait(deadline);
  if (found) co_return std::move(*found);
  co_return fail(Fault::timeout, fmt::format("no address of {} in time", state_->name));
}

std::string bootstrap_library_version() { return fmt::format("c-ares {}", ares_version(nullptr)); }

}  // namespace tacet
