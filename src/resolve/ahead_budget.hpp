#pragma once
#include <algorithm>

namespace tacet {

/// Limits what is asked ahead of clients: guesses that no client used are at most a quarter of the clients' own
/// questions in the long run. It starts with a burst. Pure.
class AheadBudget {
public:
  static constexpr double share = 0.25, burst = 128;

  /// A question went upstream because a client asked.
  void earn() { add(share); }
  /// A client used what a guess brought: without the guess, the client's own question would have gone upstream.
  void proved() { add(1 + share); }
  /// Pays for one guess. False if too little is left; then nothing is paid.
  bool spend() {
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }
  /// False if spend() would fail.
  bool has_left() const { return tokens_ >= 1; }

private:
  void add(double tokens) { tokens_ = std::min(burst, tokens_ + tokens); }
  double tokens_ = burst;
};

}  // namespace tacet
