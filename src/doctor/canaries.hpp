#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "tacet/config.hpp"
#include "tacet/name.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// A public resolver that doctor asks in clear.
struct PublicResolver {
  SocketAddress address;
  std::string operator_name;
};

/// A page that everybody may fetch by plain HTTP to see whether a portal answers in its place.
struct PortalPage {
  std::string url;   ///< "http://" and a host name, at port 80
  std::string text;  ///< what it begins with
  /// The host name of the URL.
  Name host() const;
};

/// The names that `tacet doctor` asks for in clear, and the servers that it asks. The names are fixed and public, and
/// never the user's.
/// It is data with an end: operators move, and names lose their signatures.
struct Canaries {
  std::string expires;                    ///< "2027-12-01": after this day a result may be wrong
  std::vector<Name> signed_names;         ///< their zones are signed; their operators serve the public
  std::vector<Name> ech_names;            ///< their HTTPS records publish ECH
  std::vector<SocketAddress> nonservers;  ///< documentation addresses, where no server can be (RFC 5737, RFC 3849)
  std::vector<PublicResolver> resolvers;  ///< of different operators
  PortalPage portal;
};

/// The canaries of this build.
const Canaries& built_in_canaries();

/// Reads canaries in YAML: the keys `expires`, `signed`, `ech`, `nonservers`, `resolvers` (a mapping of addresses to
/// operators) and `portal` (a mapping of the page's `url` and `text`). A key that is missing keeps the built-in value.
/// Fault::invalid_config: what is wrong, and where.
Result<Canaries> read_canaries(std::string_view text);

/// True if `today` is behind the end of the canaries.
bool expired(const Canaries& canaries, WallTime today);

}  // namespace tacet
