#include "transport/dial/bootstrap.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "transport/dial/lookup.hpp"

namespace tacet {

namespace {
constexpr auto least_use = std::chrono::minutes(1);
/// In an outage a name is asked for at most this often.
constexpr auto least_between = std::chrono::seconds(5);
}  // namespace

void Bootstrap::use(std::vector<SocketAddress> servers) {
  if (servers == servers_) return;
  servers_ = std::move(servers);
  known_.clear();
  ++generation_;
}

Task<Result<std::vector<IpAddress>>> Bootstrap::resolve(const std::string& host, Instant deadline) {
  const std::string name = host;
  const auto kept = known_.find(name);
  if (kept != known_.end() && loop_.now() < kept->second.fresh_until) co_return kept->second.addresses;
  if (servers_.empty()) co_return fail(Fault::invalid_config, "no bootstrap servers to ask for " + name);

  ++lookups_;
  const unsigned asked = generation_;
  Lookup lookup(loop_, servers_, name);
  auto found = co_await lookup.wait(deadline);
  if (found) {
    const Duration ttl = std::max<Duration>(found->ttl, least_use);
    if (asked == generation_) known_.insert_or_assign(name, Known{found->addresses, loop_.now(), loop_.now() + ttl});
    co_return std::move(found->addresses);
  }
  const auto stale = known_.find(name);
  if (stale == known_.end()) co_return fail(std::move(found.error()));
  log::debug("bootstrap: {}; the former addresses stay in use", found.error().detail);
  stale->second.asked = loop_.now();
  stale->second.fresh_until = loop_.now() + least_between;
  co_return stale->second.addresses;
}

std::vector<IpAddress> Bootstrap::known(const std::string& host) const {
  const auto found = known_.find(host);
  return found != known_.end() ? found->second.addresses : std::vector<IpAddress>();
}

bool Bootstrap::is_due(const std::string& host) const {
  if (servers_.empty()) return false;
  const auto found = known_.find(host);
  return found == known_.end() || loop_.now() >= found->second.fresh_until;
}

void Bootstrap::doubt(const std::string& host) {
  const auto found = known_.find(host);
  if (found == known_.end()) return;
  Known& doubted = found->second;
  doubted.fresh_until = std::min(doubted.fresh_until, doubted.asked + least_between);
}

}  // namespace tacet
