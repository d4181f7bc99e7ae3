#pragma once
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "pool/ladder_server.hpp"
#include "tacet/config.hpp"
#include "tacet/instant.hpp"

namespace tacet {

/// Which way to each server was proven in which network, for a day, and at which address it was greeted; in memory
/// only. Safe to use from several threads: all workers share it.
class LadderMemory {
public:
  static constexpr Duration lifetime = std::chrono::hours(24);
  static constexpr std::size_t most = 256;

  /// What is known of a server, by its URL. An empty `network` is an unknown one, of which nothing is kept.
  std::optional<KnownWay> find(const std::string& network, const std::string& server, Instant now) const;
  /// Keeps it for a day. Forgets the entry that ends first if there are too many.
  void keep(const std::string& network, const std::string& server, KnownWay known, Instant now);
  void forget(const std::string& network, const std::string& server);
  /// The address at which a server was greeted last in this network.
  std::optional<SocketAddress> address(const std::string& network, const std::string& server) const;
  void keep_address(const std::string& network, const std::string& server, const SocketAddress& address);
  /// True the first time that this is to be said of a network, and again after a day.
  bool is_new(const std::string& network, const std::string& text, Instant now);

private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, KnownWay> known_;  // by network and server
  std::map<std::pair<std::string, std::string>, SocketAddress> addresses_;
  std::map<std::string, std::pair<std::string, Instant>>
      said_;  // by network: the last words, and until when they count
};

}  // namespace tacet
