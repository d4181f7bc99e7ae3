#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tacet/instant.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// What a network can do to connections with upstreams, as far as these connections show it.
enum class InterferenceKind : std::uint8_t {
  tls,     ///< somebody answers in an upstream's place, without a valid certificate
  portal,  ///< no upstream has a valid certificate here: a page that wants a login, or a wrong clock
  port,    ///< a port is silent where the same operators, or several, answer at another one
  ipv6,    ///< IPv6 has a route and leads nowhere
};
inline constexpr std::array all_interference_kinds{InterferenceKind::tls, InterferenceKind::portal,
                                                   InterferenceKind::port, InterferenceKind::ipv6};
/// "tls", "portal", "port", "ipv6".
std::string_view to_string(InterferenceKind kind);

/// What the connections to one upstream met since the network changed last.
struct UpstreamPath {
  std::string operator_name;
  std::uint16_t port = 0;
  bool works = false;          ///< the last news was a connection to the right peer
  std::optional<Fault> fault;  ///< the last failure since then
  int failures = 0;            ///< without a connection in between
  std::string words;           ///< of the last failure
  bool has_lost_ipv6 = false;  ///< IPv4 won although IPv6 was tried first

  /// Three failures in a row: a lossy network has one now and then.
  bool is_silent() const;
  bool is_untrusted() const { return !works && fault == Fault::tls_untrusted; }
};

/// An interference and its evidence, in words for people.
struct Interference {
  InterferenceKind kind;
  std::string words;
};

/// What the paths to all upstreams, by their names for people, come to. Each kind at most once.
std::vector<Interference> judge_paths(const std::map<std::string, UpstreamPath>& paths);

}  // namespace tacet
