#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "config/prefix.hpp"
#include "resolve/hosts.hpp"
#include "tacet/config.hpp"
#include "tacet/instant.hpp"
#include "transport/network/own_network.hpp"

namespace tacet {

/// Decides, for one worker, who may ask and how much: this machine always, whatever address of its own it comes from
/// (see use()); others if a prefix of `allow` holds their address, at `limits.rate` queries a second and with
/// `limits.per_client` of them waiting. Neither limit holds for 127.0.0.0/8, ::1 and this machine's other IPv4
/// addresses. Its other IPv6 addresses are limited as clients are: Linux lets datagrams in from outside that pretend to
/// come from those. IPv6 clients are told apart by their /64, which is one client's to choose from.
class Admission {
  /// A client: the upper half of an IPv6 address, what is significant of an IPv4 address, or a keyed hash of an
  /// address.
  using Key = std::uint64_t;

public:
  enum class Verdict : std::uint8_t {
    allowed,
    rate_limited,  ///< over its rate: to be told to come by TCP, where addresses cannot be forged and patience is
                   ///< enforced
    not_allowed,   ///< in no prefix
    wait_limited,  ///< has as many queries waiting as one client may
  };

  /// What the hosts of one IPv6 network may ask together, in what one client may.
  static constexpr unsigned link_share = 32;
  /// How many of its addresses that are not known yet may ask by UDP: at once, and per second.
  static constexpr unsigned newcomers = 256, newcomers_per_second = 64;

  /// A query's place among those of its client that wait. Freed when destroyed; the Admission must outlive it.
  class Place {
  public:
    Place() = default;
    Place(Admission& admission, Key client, Key link) : admission_(&admission), client_(client), link_(link) {}
    Place(Place&& other) noexcept
        : admission_(std::exchange(other.admission_, nullptr)),
          client_(other.client_),
          link_(other.link_) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (admission_ == nullptr) return;
      admission_->leave(client_);
      if (link_ != 0) admission_->leave(link_);
    }

  private:
    Admission* admission_ = nullptr;
    Key client_ = 0;
    Key link_ = 0;  // of its network as a whole; 0: none
  };

  Admission(const std::vector<AddressPrefix>& allow, const LimitsConfig& limits);
  /// Decides as `other` would from now on; clients keep what they have used up, and which addresses are this machine's
  /// stays as it is. Needs no memory.
  void use(Admission other);
  /// Knows this machine by these addresses from now on, beside 127.0.0.0/8 and ::1, which are all that it begins with.
  void use(OwnNetwork network);

  /// Whether the client whose datagram this is may ask one question now; takes that from what it may ask. On the hot
  /// path: one comparison for this machine, and never an allocation.
  Verdict judge(const sockaddr_storage& client, Instant now) {
    return is_here(client) ? Verdict::allowed : judge_remote(client, now, Proof::none);
  }
  /// The same for a client that is connected.
  Verdict judge_connected(const sockaddr_storage& client, Instant now) {
    return is_here(client) ? Verdict::allowed : judge_remote(client, now, Proof::connection);
  }

  /// Which machine this client is on, as far as its address tells.
  Asker asker(const sockaddr_storage& client) const {
    return is_here(client) || is_own(client) ? Asker::this_machine : Asker::another_machine;
  }

  /// Whether this client may connect.
  bool allows(const sockaddr_storage& client) const;

  /// A place for a query that has to wait; nothing if the client has as many as it may.
  std::optional<Place> enter(const sockaddr_storage& client);

  /// When a rate-limited client may ask again, from the moment it was.
  Duration pace() const { return interval_; }
  /// How many queries of one connection may wait.
  std::size_t per_client() const { return per_client_; }

private:
  /// How much of its rate a client has left, as the time at which it has it all back.
  struct Bucket {
    Key client = 0;
    Instant full{};
  };
  static constexpr std::size_t ways = 4, rows = 1024;
  using Row = std::array<Bucket, ways>;  // one cache line
  /// What the hosts of a network have left together, as times like a bucket's.
  struct LinkAllowance {
    Instant full{}, full_of_newcomers{};
  };
  /// What says that an address is not pretended.
  enum class Proof : std::uint8_t { none, connection };
  /// Whom a query is charged to.
  struct Account {
    Key client = 0;
    std::optional<std::size_t> link = std::nullopt;  // of network_, if this is one address of many there
  };

  static bool is_here(const sockaddr_storage& client) {
    if (client.ss_family == AF_INET)
      return (reinterpret_cast<const sockaddr_in&>(client).sin_addr.s_addr & htonl(0xff000000)) == htonl(0x7f000000);
    return is_here_v6(client);
  }
  static bool is_here_v6(const sockaddr_storage& client);
  bool is_own(const sockaddr_storage& client) const;
  bool is_free(const sockaddr_storage& client) const;
  Key hash_of(const AddressOctets& address, unsigned interface) const;
  Key key_of_link(std::size_t link) const;
  Account account_of(const sockaddr_storage& client) const;
  Verdict judge_remote(const sockaddr_storage& client, Instant now, Proof proof);
  bool charge(const Account& account, Instant now, Proof proof);
  bool charge_link(LinkAllowance& link, bool is_new, Instant now) const;
  bool is_allowed(const sockaddr_storage& client, const AddressOctets& address) const;
  Row& row_of(Key client) { return buckets_[mixed(client ^ seed_) % rows]; }
  static std::uint64_t mixed(std::uint64_t value);
  void leave(Key client);
  void note(log::RateLimit& gate, const sockaddr_storage& client, Instant now, const char* what);

  OwnNetwork network_;
  std::vector<LinkAllowance> links_;  // one for each of network_
  std::vector<OctetPrefix> allow_;
  std::size_t per_client_ = 0;
  std::size_t per_link_ = 0;  // of its queries that wait: half of all
  Duration interval_{};       // between two queries at the full rate; 0: any rate
  std::uint64_t seed_;        // so that nobody can choose who shares a row with whom
  std::vector<Row> buckets_;
  std::unordered_map<Key, std::size_t> waiting_;  // at most as many as queries wait
  log::RateLimit not_allowed_, rate_limited_;
};

}  // namespace tacet
