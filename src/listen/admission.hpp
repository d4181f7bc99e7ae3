#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/log_gate.hpp"
#include "base/word.hpp"
#include "config/prefix.hpp"
#include "observe/log_gates.hpp"
#include "resolve/hosts.hpp"
#include "tacet/config.hpp"
#include "tacet/instant.hpp"
#include "transport/network/own_network.hpp"

namespace tacet {

/// An address without its port: "192.0.2.1"; an IPv4 one also if it is mapped into IPv6.
std::string text_of(const sockaddr_storage& client);

/// Decides for one worker which clients may ask, and how much. This machine may always ask, from any address of its own
/// (see use()). Other clients may if a prefix of `allow` holds their address: `limits.rate` queries a second, and
/// `limits.per_client` of them waiting. Neither limit holds for 127.0.0.0/8, ::1 and this machine's other IPv4
/// addresses. The limits hold for its other IPv6 addresses, because Linux accepts datagrams from outside that forge
/// them. IPv6 clients differ by their /64, because one client can choose any address in it.
class Admission {
  /// A client: the upper half of an IPv6 address, an IPv4 address, or a keyed hash of an address.
  using Key = std::uint64_t;

public:
  enum class Verdict : std::uint8_t {
    allowed,
    rate_limited,  ///< over its rate: tell it to use TCP, where it cannot forge its address and has to wait
    not_allowed,   ///< in no prefix
    wait_limited,  ///< its number of waiting queries is at the limit
  };

  /// The allowance of all hosts of one IPv6 network, as a multiple of one client's.
  static constexpr unsigned link_share = 32;
  /// How many new addresses of it may ask by UDP: at once, and per second.
  static constexpr unsigned newcomers = 256, newcomers_per_second = 64;

  /// A query's place among the waiting ones of its client. Its destructor frees the place; the Admission must outlive
  /// it.
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
    Key link_ = 0;  // the key of its whole network; 0: none
  };

  Admission(const std::vector<AddressPrefix>& allow, const LimitsConfig& limits,
            const std::vector<AddressPrefix>& front_ends = {},
            std::shared_ptr<LogGates> gates = std::make_shared<LogGates>());
  /// Decides as `other` would from now on. Clients keep their used allowance, this machine its addresses, and the log
  /// its gates. Needs no memory.
  void use(Admission other);
  /// Takes these addresses as this machine's, beside 127.0.0.0/8 and ::1. At first it has only those two.
  void use(OwnNetwork network);

  /// Whether the sender of this datagram may ask one question now; takes it from the allowance. This is a hot path: one
  /// comparison for this machine, and never an allocation.
  Verdict judge(const sockaddr_storage& client, Instant now) {
    return is_here(client) ? Verdict::allowed : judge_remote(client, now, Proof::none);
  }
  /// The same for a connected client.
  Verdict judge_connected(const sockaddr_storage& client, Instant now) {
    return is_here(client) ? Verdict::allowed : judge_remote(client, now, Proof::connection);
  }

  /// The machine of this client, as its address tells.
  Asker asker(const sockaddr_storage& client) const {
    return is_here(client) || is_own(client) ? Asker::this_machine : Asker::another_machine;
  }

  /// True if what comes from there begins with a PROXY header. This is a hot path.
  bool is_front_end(const sockaddr_storage& peer) const { return !front_ends_.empty() && is_among_front_ends(peer); }

  /// Whether this client may connect.
  bool allows(const sockaddr_storage& client) const;

  /// A place for a query that must wait; nothing if the client is at its limit.
  std::optional<Place> enter(const sockaddr_storage& client);

  /// How long a rate-limited client must wait before it may ask again.
  Duration pace() const { return interval_; }
  /// The most waiting queries of one connection.
  std::size_t per_client() const { return per_client_; }

private:
  /// A client's allowance, as the time at which it is whole again.
  struct Bucket {
    Key client = 0;
    Instant full{};
  };
  static constexpr std::size_t ways = 4, rows = 1024;
  using Row = std::array<Bucket, ways>;  // one cache line
  /// The allowance of all hosts of a network, as times like a bucket's.
  struct LinkAllowance {
    Instant full{}, full_of_newcomers{};
  };
  /// The evidence that an address is not forged.
  enum class Proof : std::uint8_t { none, connection };
  /// The allowances that a query uses.
  struct Account {
    Key client = 0;
    std::optional<std::size_t> link = std::nullopt;  // the index in network_, if this is one address of many there
  };

  static bool is_here(const sockaddr_storage& client) {
    if (client.ss_family == AF_INET)
      return (reinterpret_cast<const sockaddr_in&>(client).sin_addr.s_addr & htonl(0xff000000)) == htonl(0x7f000000);
    return is_here_v6(client);
  }
  static bool is_here_v6(const sockaddr_storage& client);
  bool is_own(const sockaddr_storage& client) const;
  bool is_among_front_ends(const sockaddr_storage& peer) const;
  bool is_free(const sockaddr_storage& client) const;
  Key hash_of(const AddressOctets& address, unsigned interface) const;
  Key key_of_link(std::size_t link) const;
  Account account_of(const sockaddr_storage& client) const;
  Verdict judge_remote(const sockaddr_storage& client, Instant now, Proof proof);
  bool charge(const Account& account, Instant now, Proof proof);
  bool charge_link(LinkAllowance& link, bool is_new, Instant now) const;
  bool is_allowed(const sockaddr_storage& client, const AddressOctets& address) const;
  // Numbers near each other must not fall into neighbouring rows alone.
  Row& row_of(Key client) { return buckets_[mix(client ^ seed_, golden_ratio) % rows]; }
  void leave(Key client);
  static void note(log::Gate& gate, const sockaddr_storage& client, Instant now, const char* what);

  OwnNetwork network_;
  std::vector<LinkAllowance> links_;  // one for each of network_
  std::vector<OctetPrefix> allow_;
  std::vector<OctetPrefix> front_ends_;
  std::size_t per_client_ = 0;
  std::size_t per_link_ = 0;  // the most waiting queries of one network: half of all
  Duration interval_{};       // between two queries at the full rate; 0: any rate
  std::uint64_t seed_;        // keeps the choice of rows secret
  std::vector<Row> buckets_;
  std::unordered_map<Key, std::size_t> waiting_;  // at most as many as queries wait
  std::shared_ptr<LogGates> gates_;
};

}  // namespace tacet
