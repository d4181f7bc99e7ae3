#pragma once
#include <cstdint>
#include <memory>

#include "tacet/config.hpp"
#include "tacet/instant.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// How the ClientHello leaves. `split` puts it into two TLS records and two segments, so that a filter that reads only
/// the first one finds no whole greeting and no whole name. The server puts it together again (RFC 8446 §5.1).
enum class HelloFraming : std::uint8_t { whole, split };

/// How the connections of one upstream are dialled. It is all that may differ between two connections to the same
/// address, so a connection holds the path by which it was made.
struct DialPath {
  ProxyConfig proxy;
  ViaConfig via;
  Sni sni = Sni::send;  ///< `omit` withholds the server's name even if the configuration sends it
  HelloFraming framing = HelloFraming::whole;
  Rung rung = Rung::configured;                        ///< for what is told of the connection
  Duration patience = std::chrono::milliseconds(500);  ///< with a greeting without an answer, at least

  friend bool operator==(const DialPath&, const DialPath&) = default;
};

/// Shared, because a race goes on while its owner chooses another path. Never null.
using SharedDialPath = std::shared_ptr<const DialPath>;

}  // namespace tacet
