#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "dns/edns.hpp"
#include "dnssec/keys.hpp"
#include "dnssec/trust_anchors.hpp"
#include "tacet/instant.hpp"

namespace tacet {

/// What is proven about a name as a place in the tree of zones.
enum class ZoneState : std::uint8_t {
  keyed,      ///< a signed zone begins here, and its keys are proven
  delegated,  ///< a signed zone begins here: its DS records are proven (or configured), its keys not yet
  insecure,   ///< an unsigned zone begins here; all below is insecure, too
  no_cut,     ///< no zone begins here: the name belongs to the zone above
};

/// One proven (or configured) fact of the table.
struct ProvenZone {
  Name name;
  ZoneState state = ZoneState::no_cut;
  std::vector<ZoneKey> keys;           ///< of `keyed`
  std::vector<Ds> ds;                  ///< of `keyed` and `delegated`: what the keys are proven by
  std::optional<ExtendedError> why{};  ///< of `insecure`: why a signed zone counts as unsigned
  WallTime ends{};                     ///< proven until then
  bool configured = false;             ///< an anchor, or insecure by configuration: never lost
};

/// A zone that counts as insecure by configuration until a time: a negative trust anchor (RFC 7646), a zone with
/// servers of its own, a special name.
struct ExemptZone {
  Name name;
  WallTime until = WallTime::max();
};

/// What is proven about zones, for one route: keys, delegations, unsigned zones and names where no zone begins.
/// Bounded in octets; the least recently used fact goes first. One thread at a time.
class ZoneTable {
public:
  static constexpr std::size_t default_limit = 4U << 20U;     ///< octets
  static constexpr Duration longest = std::chrono::hours(1);  ///< how long a fact holds at most
  /// How long it holds at least, whatever its TTL: it must outlive the query that asked for it.
  static constexpr Duration shortest = std::chrono::seconds(10);

  /// `seed` makes the hashes of names unpredictable. Until configure() no anchor is there: all is indeterminate.
  explicit ZoneTable(std::uint64_t seed, std::size_t limit = default_limit);

  /// Sets what is true by configuration, and forgets all that was proven.
  void configure(std::span<const TrustAnchor> anchors, std::span<const ExemptZone> exempt);
  /// Forgets what was proven: the clock jumped, or the network changed.
  void forget();

  /// The fact about exactly this name, or null. The pointer is valid until the next non-const call.
  const ProvenZone* find(const Name& name, WallTime now);
  /// The fact about the nearest of `name` and its ancestors that has one; `no_cut` facts do not count. Null if no
  /// anchor covers the name. The pointer is valid until the next change of the table (find and closest change none).
  const ProvenZone* closest(const Name& name, WallTime now);

  /// Keeps a fact, at most for `longest`, in place of what was known about its name. A configured fact yields only to
  /// keys that it proves.
  void keep(ProvenZone zone, WallTime now);

  /// Takes out what was learned about exactly this name; nothing if nothing was.
  std::optional<ProvenZone> take(const Name& name);

  std::size_t size() const { return by_name_.size(); }
  std::size_t octets() const { return octets_; }
  /// How many facts of each state are held, in the order of ZoneState.
  std::array<std::size_t, 4> counts() const;
  /// The anchors in use.
  std::span<const TrustAnchor> anchors() const { return anchors_; }

private:
  using Facts = std::list<ProvenZone>;
  using Index = std::unordered_multimap<std::uint64_t, Facts::iterator>;

  std::uint64_t hash(Bytes name) const;
  const ProvenZone* find(std::uint64_t hash, const Name& name, WallTime now);
  void erase(Index::iterator entry);
  void evict();

  std::uint64_t seed_;
  std::size_t limit_;
  std::size_t octets_ = 0;
  Facts facts_;  // the most recently used first
  Index by_name_;
  Facts configured_;
  Index configured_by_name_;
  std::vector<TrustAnchor> anchors_;
};

/// A step on the way from the anchor to a name, for people.
struct ChainStep {
  Name zone;
  ZoneState state = ZoneState::no_cut;
  bool configured = false;
  WallTime ends{};
  std::vector<Ds> ds;                   ///< what the parent (or the configuration) says about the keys
  std::vector<std::uint16_t> key_tags;  ///< of the proven keys
  std::optional<ExtendedError> why{};
};

/// What the table knows about `name` and its ancestors, from the anchor down. Copies; for `explain`.
std::vector<ChainStep> chain_to(const Name& name, ZoneTable& table, WallTime now);

}  // namespace tacet
