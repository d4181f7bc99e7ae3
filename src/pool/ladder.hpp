#pragma once
#include <cstddef>
#include <optional>
#include <vector>

#include "pool/ladder_server.hpp"

namespace tacet {

/// Decides by which way each server of a set is reached in a network that blocks some ways: as configured; by another
/// server of the same operator, which may have another transport; without the server's name; with a split greeting; by
/// a proxy. The other addresses and families, and the next operator, are tried by the race and the pool beside it.
/// Pure.
class Ladder {
public:
  struct Server {
    std::size_t operator_place;  ///< the servers of one operator stand in for each other
    LadderServer ladder;
  };
  struct Look {
    std::size_t server = 0;
    LadderLook at{};
    std::size_t suspect = 0;                 ///< of a witness: the server that may be blocked
    std::optional<GreetingOutcome> shown{};  ///< of a witness: what that one showed
  };

  explicit Ladder(std::vector<Server> servers) : servers_(std::move(servers)) {}

  /// A connection to `server` by `way` showed this. The ways of all servers may have changed afterwards.
  void saw(std::size_t server, Rung way, GreetingOutcome outcome, Instant connected, Instant now);
  /// The next connection to make now; it is then under way until looked().
  std::optional<Look> look(Instant now);
  void looked(const Look& look, GreetingOutcome outcome, Instant now);
  /// The network is another one: looks that were under way never end.
  void begin_again();
  /// When to call look() again if nothing else happens.
  Instant next_look() const;

  std::vector<Server>& servers() { return servers_; }
  const std::vector<Server>& servers() const { return servers_; }

private:
  void judge(std::size_t operator_place, Instant now);
  bool has_other_way(const Server& server, Instant now) const;
  bool works_lower(const Server& server) const;
  void suspect(std::size_t operator_place, Instant now);
  std::optional<std::size_t> working_beside(std::size_t server) const;
  void checked(const Look& look, GreetingOutcome outcome);

  std::vector<Server> servers_;
  struct Check {
    Instant due;
    Look look;
  };
  std::vector<Check> checks_;
  std::vector<std::size_t> checking_;  // servers whose check is due or under way
};

}  // namespace tacet
