#include "transport/dial/bootstrap.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "transport/dial/lookup.hpp"

namespace tacet {

namespace {
constexpr auto least_use = std::chrono::minutes(1);
}

void Bootstrap::use(std::vector<SocketAddress> servers) {
  if (servers == servers_) return;
  servers_ = std::move(servers);
  known_.clear();
  ++generation_;
}

Task<Result<std::vector<IpAddress>>> Bootstrap::resolve(const std::string& host, Instant deadline) {
  const std::string name = host;
  const auto known = known_.find(name);
  if (known != known_.end() && loop_.now() < known->second.fresh_until) co_return known->second.addresses;
  if (servers_.empty()) co_return fail(Fault::invalid_config, "no bootstrap servers to ask for " + name);

  ++lookups_;
  const unsigned asked = generation_;
  Lookup lookup(loop_, servers_, name);
  auto found = co_await lookup.wait(deadline);
  if (found) {
    const Duration ttl = std::max<Duration>(found->ttl, least_use);
    if (asked == generation_) known_.insert_or_assign(name, Known{found->addresses, loop_.now() + ttl});
    co_return std::move(found->addresses);
  }
  const auto stale = known_.find(name);
  if (stale == known_.end()) co_return fail(std::move(found.error()));
  log::debug("bootstrap: {}; the former addresses stay in use", found.error().detail);
  co_return stale->second.addresses;
}

}  // namespace tacet
