#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/loop.hpp"
#include "pool/ladder.hpp"
#include "pool/ladder_memory.hpp"
#include "pool/pool_report.hpp"
#include "tacet/config.hpp"
#include "transport/greeting_probe.hpp"
#include "transport/upstream_server.hpp"

namespace tacet {

/// The ways by which a server may be reached, the least change first. Only the first one for a server behind a proxy,
/// because what is blocked there is not this network's doing, and for one that is asked over QUIC: it is itself a way
/// past a block of TCP, and no proxy carries it.
std::vector<Rung> ways_to(const UpstreamConfig& upstream, const Config& config);

/// Carries out the decisions of the Ladder for one set of servers: gives the servers their paths, makes the connections
/// that it asks for, keeps what was proven in this network, and says it once.
class Climber {
public:
  struct Server {
    std::size_t operator_place;
    UpstreamServer* server;   ///< must outlive the climber
    bool is_reserve = false;  ///< see reserves_of()
  };
  Climber(Loop& loop, const Config& config, std::shared_ptr<LadderMemory> memory, std::vector<Server> servers);

  /// A connection to the server at this place showed this.
  void saw(std::size_t place, const GreetingSight& sight);
  /// Begins again if this is another network, by what is known of it.
  void network_changed();
  std::vector<WayReport> reports() const;
  /// The URLs of the servers that this network blocks while others of their operators work.
  std::vector<std::string> passed_over() const;

private:
  struct Probing {
    Ladder::Look look;
    std::optional<GreetingOutcome> showed;
    std::unique_ptr<GreetingProbe> probe;
  };
  void carry_out();
  void take_way(std::size_t place);
  DialPath path_of(std::size_t place, Rung way) const;
  void look();
  void begin_look(const Ladder::Look& look);
  void finish_looks();
  void recall();
  void remember(std::size_t place);
  void say();
  std::string words_for(std::size_t place) const;
  const std::string& url_of(std::size_t place) const { return servers_[place].server->context().config.url; }

  Loop& loop_;
  LadderMode mode_;
  ProxyConfig proxy_;
  std::shared_ptr<LadderMemory> memory_;
  std::vector<Server> servers_;
  Ladder ladder_;
  std::string network_;
  std::vector<std::unique_ptr<Probing>> probing_;
  Alarm look_, say_;
  AsyncCall looks_end_;
};

}  // namespace tacet
