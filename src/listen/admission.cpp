#include "listen/admission.hpp"

#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "config/scalar.hpp"
#include "tacet/ip_address.hpp"

namespace tacet {
namespace {

/// The queries that a client may send at once after a rest, beside its rate: the names of one web page.
constexpr Duration burst = std::chrono::seconds(1);

AddressOctets octets_of(const sockaddr_storage& client) {
  AddressOctets octets{};
  if (client.ss_family == AF_INET6) {
    std::memcpy(octets.data(), &reinterpret_cast<const sockaddr_in6&>(client).sin6_addr, octets.size());
  } else {
    octets[10] = octets[11] = 0xff;
    std::memcpy(octets.data() + 12, &reinterpret_cast<const sockaddr_in&>(client).sin_addr, 4);
  }
  return octets;
}

/// The interface index of a link-local address; else 0.
unsigned interface_of(const sockaddr_storage& client) {
  return client.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(client).sin6_scope_id : 0;
}

bool is_mapped(const AddressOctets& address) {
  static constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::equal(mapped.begin(), mapped.end(), address.begin());
}

/// True if a client's datagram came in by this interface (name or number; empty: any). Interfaces come and go, so it
/// asks the kernel each time.
bool is_on_link(const sockaddr_storage& client, const std::string& interface) {
  if (interface.empty()) return true;
  if (client.ss_family != AF_INET6) return false;
  const unsigned scope = reinterpret_cast<const sockaddr_in6&>(client).sin6_scope_id;
  if (const unsigned index = ::if_nametoindex(interface.c_str()); index != 0) return index == scope;
  return parse_number(interface) == scope;
}

/// A bucket that gains one token each `interval`, up to `most`. Takes one token; false if there is none.
bool take_one(Instant& full, Duration interval, Duration most, Instant now) {
  const Instant then = std::max(full, now) + interval;
  if (then - now > most + interval) return false;
  full = then;
  return true;
}

}  // namespace

std::string text_of(const sockaddr_storage& client) {
  const AddressOctets octets = octets_of(client);
  return IpAddress::from_octets(Bytes(octets).subspan(is_mapped(octets) ? 12 : 0))->to_string();
}

Admission::Admission(const std::vector<AddressPrefix>& allow, const LimitsConfig& limits,
                     const std::vector<AddressPrefix>& front_ends, std::shared_ptr<LogGates> gates)
    : per_client_(limits.per_client),
      per_link_(std::max(limits.per_client, limits.pending / 2)),
      interval_(limits.rate == 0 ? Duration{} : Duration(std::chrono::seconds(1)) / limits.rate),
      seed_(std::random_device{}() | std::uint64_t{std::random_device{}()} << 32),
      gates_(std::move(gates)) {
  for (const auto& prefix : allow) allow_.push_back(tacet::octets_of(prefix));
  for (const auto& prefix : front_ends) front_ends_.push_back(tacet::octets_of(prefix));
  if (limits.rate != 0) buckets_.resize(rows);
}

void Admission::use(Admission other) {
  allow_ = std::move(other.allow_);
  front_ends_ = std::move(other.front_ends_);
  per_client_ = other.per_client_;
  per_link_ = other.per_link_;
  interval_ = other.interval_;
  if (buckets_.empty()) buckets_ = std::move(other.buckets_);
}

/// A network that stays keeps its used allowance.
void Admission::use(OwnNetwork network) {
  std::vector<LinkAllowance> links(network.links().size());
  for (std::size_t i = 0; i < links.size(); ++i) {
    const auto former = std::ranges::find(network_.links(), network.links()[i]);
    if (former != network_.links().end())
      links[i] = links_[static_cast<std::size_t>(former - network_.links().begin())];
  }
  network_ = std::move(network);
  links_ = std::move(links);
}

/// ::1, and this machine's IPv4 by a socket for both families.
bool Admission::is_here_v6(const sockaddr_storage& client) {
  const AddressOctets address = octets_of(client);
  if (is_mapped(address)) return address[12] == 127;
  static constexpr AddressOctets loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return address == loopback;
}

bool Admission::is_own(const sockaddr_storage& client) const {
  return network_.holds(octets_of(client), interface_of(client));
}

/// True if no limit holds for the client: it is this machine, and nobody outside can forge its address. Linux drops
/// incoming datagrams from its own IPv4 addresses and ::1, but not from its other IPv6 addresses.
bool Admission::is_free(const sockaddr_storage& client) const {
  return is_here(client) || (is_mapped(octets_of(client)) && is_own(client));
}

/// The keyed hash of a whole address. Nobody outside knows the seed, so nobody finds two addresses with one hash.
Admission::Key Admission::hash_of(const AddressOctets& address, unsigned interface) const {
  std::array<std::uint64_t, 2> halves{};
  std::memcpy(halves.data(), address.data(), address.size());
  return mix(mix(mix(halves[0] ^ seed_, golden_ratio) + halves[1], golden_ratio) + interface, golden_ratio);
}

/// The key for the waiting queries of a whole network.
Admission::Key Admission::key_of_link(std::size_t link) const {
  const auto& [prefix, interface] = network_.links()[link];
  return hash_of(prefix.octets, interface) ^ (prefix.length + 1);
}

Admission::Account Admission::account_of(const sockaddr_storage& client) const {
  const AddressOctets address = octets_of(client);
  Key half = 0;
  std::memcpy(&half, address.data() + (is_mapped(address) ? 8 : 0), sizeof half);
  if (is_mapped(address)) return {half};
  const unsigned interface = interface_of(client);
  if (network_.holds(address, interface)) return {hash_of(address, interface)};
  const auto link = network_.link_of(address, interface);
  return link ? Account{hash_of(address, interface), link} : Account{half};
}

bool Admission::is_allowed(const sockaddr_storage& client, const AddressOctets& address) const {
  return std::ranges::any_of(
      allow_, [&](const OctetPrefix& prefix) { return prefix.holds(address) && is_on_link(client, prefix.interface); });
}

bool Admission::is_among_front_ends(const sockaddr_storage& peer) const {
  const AddressOctets octets = octets_of(peer);
  return std::ranges::any_of(front_ends_, [&](const OctetPrefix& prefix) {
    return prefix.holds(octets) && is_on_link(peer, prefix.interface);
  });
}

bool Admission::allows(const sockaddr_storage& client) const {
  return is_here(client) || is_own(client) || is_allowed(client, octets_of(client));
}

Admission::Verdict Admission::judge_remote(const sockaddr_storage& client, Instant now, Proof proof) {
  const AddressOctets address = octets_of(client);
  const bool own = is_own(client);
  if (own && is_mapped(address)) return Verdict::allowed;
  if (!own && !is_allowed(client, address)) {
    note(gates_->not_allowed, client, now, "asks, and no prefix of `allow` holds it");
    return Verdict::not_allowed;
  }
  if (interval_ == Duration{} || charge(account_of(client), now, proof)) return Verdict::allowed;
  note(gates_->rate_limited, client, now, "asks faster than `limits.rate`");
  return Verdict::rate_limited;
}

/// Takes a query from its client's allowance and from its network's; from neither if one is empty. A new client has its
/// whole allowance, and replaces the client whose allowance has been whole for the longest time.
bool Admission::charge(const Account& account, Instant now, Proof proof) {
  Row& row = row_of(account.client);
  auto bucket = std::ranges::find(row, account.client, &Bucket::client);
  const bool is_new = bucket == row.end();
  Instant full = is_new ? Instant{} : bucket->full;
  if (!take_one(full, interval_, burst, now)) return false;
  if (account.link && proof == Proof::none && !charge_link(links_[*account.link], is_new, now)) return false;
  if (is_new) bucket = std::ranges::min_element(row, {}, &Bucket::full);
  *bucket = {account.client, full};
  return true;
}

bool Admission::charge_link(LinkAllowance& link, bool is_new, Instant now) const {
  constexpr Duration apart = Duration(std::chrono::seconds(1)) / newcomers_per_second;
  if (is_new && !take_one(link.full_of_newcomers, apart, apart * newcomers, now)) return false;
  return take_one(link.full, interval_ / link_share, burst, now);
}

std::optional<Admission::Place> Admission::enter(const sockaddr_storage& client) {
  if (is_free(client)) return Place();
  const Account account = account_of(client);
  const Key link = account.link ? key_of_link(*account.link) : 0;
  const auto waiting = [this](Key key) {
    const auto found = waiting_.find(key);
    return found == waiting_.end() ? 0 : found->second;
  };
  if (waiting(account.client) >= per_client_ || (link != 0 && waiting(link) >= per_link_)) return std::nullopt;
  ++waiting_[account.client];
  if (link != 0) {
    try {
      ++waiting_[link];
    } catch (...) {
      leave(account.client);
      throw;
    }
  }
  return Place(*this, account.client, link);
}

void Admission::leave(Key client) {
  const auto found = waiting_.find(client);
  if (found != waiting_.end() && --found->second == 0) waiting_.erase(found);
}

void Admission::note(log::Gate& gate, const sockaddr_storage& client, Instant now, const char* what) {
  const auto held = gate.pass(now);
  if (!held) return;
  log::warn("{} {}{}", text_of(client), what,
            *held == 0 ? "" : fmt::format(" ({} more such queries since the last such line)", *held));
}

}  // namespace tacet
