#pragma once
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "tacet/instant.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// Which way to each server was proven in which network; in memory only, for a day. Safe to use from several threads:
/// all workers share it.
class LadderMemory {
public:
  struct Known {
    Rung way = Rung::configured;
    Instant retry{};  ///< when to look for a lower way
    Instant until{};
  };
  static constexpr Duration lifetime = std::chrono::hours(24);
  static constexpr std::size_t most = 256;

  /// What is known of a server, by its URL. An empty `network` is an unknown one, of which nothing is kept.
  std::optional<Known> find(const std::string& network, const std::string& server, Instant now) const;
  /// Keeps it for a day. Forgets the entry that ends first if there are too many.
  void keep(const std::string& network, const std::string& server, Known known, Instant now);
  void forget(const std::string& network, const std::string& server);
  /// True the first time that this is to be said of a network, and again after a day.
  bool is_new(const std::string& network, const std::string& text, Instant now);

private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Known> known_;  // by network and server
  std::map<std::string, std::pair<std::string, Instant>>
      said_;  // by network: the last words, and until when they count
};

}  // namespace tacet
