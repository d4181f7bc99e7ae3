#include "transport/dial/lookup.hpp"

#include <ares.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/shield.hpp"
#include "transport/dial/ares_channel.hpp"
#include "transport/dial/bootstrap.hpp"

namespace tacet {

namespace {

/// When c-ares asks for A and AAAA together, it does not notice a refusal at once. So each try must be short.
constexpr int timeout_ms = 400;
constexpr int tries = 3;

/// The addresses in the order given, each once; the least TTL.
Addresses addresses_in(const ares_addrinfo& info) {
  Addresses found{{}, std::chrono::hours(24)};
  for (const ares_addrinfo_node* node = info.nodes; node != nullptr; node = node->ai_next) {
    const auto address = IpAddress::from_kernel(*node->ai_addr);
    if (!address) continue;
    if (std::ranges::find(found.addresses, *address) != found.addresses.end()) continue;
    found.addresses.push_back(*address);
    found.ttl = std::min<Duration>(found.ttl, std::chrono::seconds(node->ai_ttl));
  }
  return found;
}

}  // namespace

struct Lookup::State {
  State(Loop& loop, std::string asked) : name(std::move(asked)), done(loop.scheduler()), channel(loop) {}

  std::string name;
  OneShot<Result<Addresses>> done;
  AresChannel channel;  // last: its destructor calls back

  void ask() {
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_flags = ARES_AI_NOSORT;
    ares_getaddrinfo(channel.get(), name.c_str(), nullptr, &hints, &State::on_answer, this);
    channel.rearm();
  }

  static void on_answer(void* self, int status, int, ares_addrinfo* info) {
    auto& state = *static_cast<State*>(self);
    const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owned(info, &ares_freeaddrinfo);
    const bool told = shielded(false, [&] { return state.tell(status, info), true; });
    if (!told) state.done.deliver(fail(Fault::overloaded, "out of memory"));
  }

  void tell(int status, const ares_addrinfo* info) {
    if (status != ARES_SUCCESS) return failed(status);
    Addresses found = info != nullptr ? addresses_in(*info) : Addresses{};
    if (found.addresses.empty()) return failed(ARES_ENODATA);
    done.deliver(std::move(found));
  }

  void failed(int status) {
    done.deliver(fail(fault_of_ares(status), fmt::format("no address of {}: {}", name, ares_strerror(status))));
  }
};

Lookup::Lookup(Loop& loop, const std::vector<SocketAddress>& servers, const std::string& name)
    : state_(std::make_unique<State>(loop, name)) {
  const AresChannel::Settings settings{
      .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES, .timeout_ms = timeout_ms, .tries = tries};
  if (const int status = state_->channel.open(servers, settings); status != ARES_SUCCESS) {
    state_->failed(status);
  } else {
    state_->ask();
  }
}

Lookup::~Lookup() = default;

Task<Result<Addresses>> Lookup::wait(Instant deadline) {
  auto found = co_await state_->done.wait(deadline);
  if (found) co_return std::move(*found);
  co_return fail(Fault::timeout, fmt::format("no address of {} in time", state_->name));
}

std::string bootstrap_library_version() { return fmt::format("c-ares {}", ares_version(nullptr)); }

}  // namespace tacet
