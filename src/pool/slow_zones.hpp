#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "tacet/instant.hpp"
#include "tacet/name.hpp"

namespace tacet {

/// Which zones answer slowly upstream, so that a slow name does not count as lost: all names of a zone wait for the
/// same far or overloaded servers. A zone here is a name without its first label, at most three labels of that; a name
/// of two labels is its own zone. Bounded and pure: the caller reports what happened and when. It holds hashes and no
/// names, and forgets a zone without news after ten minutes.
class SlowZones {
public:
  enum class Pace : std::uint8_t { unknown, fast, slow };

  /// What was seen of the zone of `name`.
  Pace of(const Name& name, Instant now) const;

  /// A name's answer came as fast as its connection allows (`fast`), or the name was shown to wait upstream.
  void note(const Name& name, bool fast, Instant now);

private:
  static constexpr std::size_t places = 1024;
  static constexpr Duration memory = std::chrono::minutes(10);
  /// The share of slow names assumed for an unseen zone, and how far one name moves that share.
  static constexpr float prior = 0.25F, step = 0.25F;
  /// Three fast names in a row make a zone fast, one slow name makes an unknown zone slow.
  static constexpr float fast_below = 0.11F, slow_above = 0.4F;

  struct Place {
    std::uint32_t mark = 0;  // tells two zones with the same place apart
    float slow_share = prior;
    Instant told{};
  };
  /// The share of slow names in a zone; the prior if its place is empty or belongs to another zone.
  float share_of(std::uint64_t hash, Instant now) const;

  std::array<Place, places> places_{};
};

}  // namespace tacet
