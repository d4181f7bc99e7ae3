#pragma once
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>

#include "tacet/instant.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// True if the NSEC records of `answer` also prove that `name` does not exist, and that no wildcard makes it (RFC 8198
/// §5.1). Pre: `answer` was judged secure as a denial of a name of `zone`, still has its signatures, and is fresh.
/// NSEC3 records prove nothing here.
bool also_denies(const Message& answer, const Name& zone, const Name& name);

/// The verified denials of names, kept because they deny all else in their gaps, too (RFC 8198). NSEC only: an NSEC3
/// record shows hashes, and may leave out names (opt-out). Bounded in octets; the oldest goes first. One thread at a
/// time.
class KeptDenials {
public:
  static constexpr std::size_t default_limit = 1U << 20U;  ///< octets
  static constexpr std::size_t longest = 4096;             ///< octets of one denial; more is in no honest one

  explicit KeptDenials(std::size_t limit = default_limit) : limit_(limit) {}

  /// Keeps an answer until `ends`. Pre: it was judged secure, as a denial of the name in question by `zone`, and has
  /// its signatures. Does nothing if it is no such denial: with records in the answer section, without SOA (its MINIMUM
  /// bounds the time, RFC 9077), or with NSEC3.
  void keep(const Message& answer, const Name& zone, Instant ends);

  /// An NXDOMAIN and how long it holds, seconds.
  struct Denied {
    Message answer;
    std::uint32_t ttl = 0;
  };
  /// The answer to a question about a name of `zone`, made of the kept denials, with their signatures; nothing if none
  /// of them denies the name.
  std::optional<Denied> find(const Question& question, const Name& zone, Instant now) const;

  void forget();
  bool empty() const { return kept_.empty(); }
  std::size_t octets() const { return octets_; }

private:
  /// Where a gap begins. In canonical order (RFC 4034 §6.1), so the gap of a name is found by its predecessor.
  struct Place {
    Name zone;
    Name owner;
    bool operator<(const Place& other) const;
  };
  struct Kept {
    Place place;
    Message answer;
    Instant ends;
  };
  using Index = std::map<Place, std::list<Kept>::iterator>;

  static std::size_t cost_of(const Kept& kept);
  void erase(Index::iterator entry);

  std::size_t limit_;
  std::size_t octets_ = 0;
  std::list<Kept> kept_;  // the oldest first
  Index by_place_;
};

}  // namespace tacet
