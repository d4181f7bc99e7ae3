#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "tacet/instant.hpp"

namespace tacet {

/// Which questions come behind a page's first name. A name that a client asks for after four tenths of a second
/// of silence leads, and the questions of the next second follow it. When the same name leads again, the same questions
/// will probably follow.
///
/// It holds hashes only. The cache has the names behind them, so what the cache has forgotten cannot be asked again.
/// Bounded and pure: time is an argument. It allocates nothing after its construction.
class Followers {
public:
  static constexpr Duration silence = std::chrono::milliseconds(400);
  static constexpr Duration window = std::chrono::seconds(1);
  /// Questions so close behind the first name are asked together with it: no guess can be earlier.
  static constexpr Duration together = std::chrono::milliseconds(10);
  static constexpr Duration memory = std::chrono::hours(24);
  static constexpr std::size_t most_leaders = 256, most_followers = 128;

  /// A question as it is remembered: CacheKey::hash().
  using QuestionHash = std::uint64_t;
  /// A name as it is remembered.
  using NameHash = std::uint64_t;

  Followers();

  /// True if a question at `now` must be noted. Otherwise nothing can be learned from it. Call it for every question of
  /// a client that the cache or an upstream answers: it costs a comparison or two.
  bool wants(Instant now) {
    const bool quiet = now - last_ >= silence;
    last_ = now;
    quiet_ = quiet_ || quiet;
    return quiet || listening_;
  }
  /// Notes a question for which wants() was true. Returns true if its name leads: then likely() has its followers.
  bool note(QuestionHash question, NameHash name, Instant now);
  /// The questions that will probably follow this name now.
  std::vector<QuestionHash> likely(NameHash name, Instant now) const;

  void clear();

private:
  static constexpr std::size_t most_noted = 256;
  /// So many can overlap, because a name leads only after a silence.
  static constexpr std::size_t most_windows = window / silence + 1;

  struct Noted {
    QuestionHash question;
    Instant at;
  };
  /// The time behind one leader.
  struct Window {
    NameHash leader;
    Instant begun;
    std::size_t first;  // its first place in noted_
  };
  /// What is known of a leader. A score is the weight of what was seen, out of 255, the latest most.
  struct Leader {
    NameHash name;
    Instant led;
    std::uint16_t count;
    std::array<std::uint8_t, most_followers> scores;
    std::array<QuestionHash, most_followers> questions;

    void learn(QuestionHash question);
    void fade(const Noted* first, const Noted* end);
  };

  void open(NameHash leader, Instant now);
  void close_first();
  void close_ended(Instant now);
  Leader* find(NameHash name, Instant now) const;
  Leader& place_for(NameHash name, Instant now);

  Instant last_{};
  bool quiet_ = false;      // a silence ended with the question that is to be noted
  bool listening_ = false;  // a window is open, and there is room
  std::array<Window, most_windows> windows_;
  std::size_t open_ = 0;  // windows, the oldest first
  std::array<Noted, most_noted> noted_;
  std::size_t count_ = 0;              // of noted_
  std::unique_ptr<Leader[]> leaders_;  // memory that was never used takes no room in the machine
  std::size_t known_ = 0;              // of leaders_
};

}  // namespace tacet
