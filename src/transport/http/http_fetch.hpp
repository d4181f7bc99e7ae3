#pragma once
#include <string>

#include "tacet/config.hpp"
#include "tacet/instant.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// A document to fetch by HTTP or HTTPS, from one address.
struct FetchRequest {
  std::string url;
  SocketAddress address;  ///< connects there, whatever the URL's name leads to
  std::string ca_file;    ///< the authorities for HTTPS, a file of PEM; empty: the system's
  Duration patience = std::chrono::seconds(3);
};

/// What came back.
struct FetchedDocument {
  long status = 0;       ///< 200
  std::string location;  ///< where a redirection leads; empty if it is none
  std::string text;      ///< its first 16 KiB
};

/// Fetches a document and waits for it: not for a loop's thread. Uses no proxy and follows no redirection. An
/// HttpLibrary must exist. Faults: unreachable (with the library's words).
Result<FetchedDocument> http_fetch(const FetchRequest& request);

}  // namespace tacet
