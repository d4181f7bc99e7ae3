#pragma once
#include <cstdint>

#include "tacet/instant.hpp"

namespace tacet {

/// Why an answer is fetched before a client asks for it.
enum class AheadKind : std::uint8_t {
  none,      ///< a client waits for it, or has just had the stale one
  refresh,   ///< it is kept and will probably be asked for again after its end
  follower,  ///< its name came behind another name before
};

/// A guess: a client will ask for this answer at `useful_from` or later. Before that, an older answer serves as well.
struct Ahead {
  AheadKind kind = AheadKind::none;
  Instant useful_from{};
};

/// True if it is likelier than not that a client asks for an answer after the end of the kept one and before the end of
/// a new one. All in seconds: the kept one has `remaining` left, a new one lives for `lifetime`, and uses come every
/// `interval` on average, by chance; 0 if no two uses were seen.
bool refresh_pays(std::uint32_t remaining, std::uint32_t lifetime, std::uint32_t interval);

}  // namespace tacet
