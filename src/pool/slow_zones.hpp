#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "tacet/instant.hpp"
#include "tacet/name.hpp"

namespace tacet {

/// Which zones answer slowly upstream, so that a slow name is not taken for a lost one: all names of a zone wait for
/// the same far or overloaded servers. A zone here is a name without its first label, and at most three labels of that;
/// a name of two labels is its own zone. Bounded and pure: it is told what happened and when. It holds hashes and no
/// names, and forgets a zone that it is told nothing of for ten minutes.
class SlowZones {
public:
  enum class Pace : std::uint8_t { unknown, fast, slow };

  /// What was seen of the zone that `name` is in.
  Pace of(const Name& name, Instant now) const;

  /// A name was answered as fast as its connection allows, or (not `fast`) it has been shown to wait upstream.
  void note(const Name& name, bool fast, Instant now);

private:
  static constexpr std::size_t places = 1024;
  static constexpr Duration memory = std::chrono::minutes(10);
  /// The share of slow names that is assumed of a zone never seen, and how far one name moves what is believed.
  static constexpr float prior = 0.25F, step = 0.25F;
  /// Three fast names in a row make a zone fast, one slow name makes an unknown zone slow.
  static constexpr float fast_below = 0.11F, slow_above = 0.4F;

  struct Place {
    std::uint32_t mark = 0;  // tells zones apart that share a place
    float slow_share = prior;
    Instant told{};
  };
  /// What is believed of a zone; the prior if another one or nothing has its place.
  float share_of(std::uint64_t hash, Instant now) const;

  std::array<Place, places> places_{};
};

}  // namespace tacet
