#pragma once
#include <memory>

#include "tacet/config.hpp"

namespace tacet {

/// How the connections of one upstream are dialled. It is all that may differ between two connections to the same
/// address, so a connection holds the path by which it was made.
struct DialPath {
  ProxyConfig proxy;
  ViaConfig via;
  Sni sni = Sni::send;  ///< `omit` withholds the server's name even if the configuration sends it

  friend bool operator==(const DialPath&, const DialPath&) = default;
};

/// Shared, because a race goes on while its owner chooses another path. Never null.
using SharedDialPath = std::shared_ptr<const DialPath>;

}  // namespace tacet
