#pragma once
#include <cstdint>
#include <string>

#include "tacet/config.hpp"
#include "transport/dial/dial_target.hpp"

namespace tacet {

/// Initialises the HTTP library, and keeps it ready while this lives. Construct it while the process has one thread and
/// is not confined yet.
class HttpLibrary {
public:
  HttpLibrary();
  ~HttpLibrary();
  HttpLibrary(const HttpLibrary&) = delete;
  HttpLibrary& operator=(const HttpLibrary&) = delete;
};

/// The abilities of the loaded HTTP library, as it reports them itself: the headers may be of another release.
struct HttpFeatures {
  std::string version;  ///< "libcurl 7.88.1 (OpenSSL/3.0.22, nghttp2/1.52.0)"
  bool http2 = false, http3 = false, ech = false;
};
/// Asks the library.
HttpFeatures http_features();
/// HttpFeatures::version.
std::string http_library_version();

/// The parts of the URL of one server.
struct HttpTarget {
  std::string origin;  ///< "https://dns.example:443"
  std::string path;    ///< "/dns-query": what a POST asks for
  std::string host;    ///< name or address in the URL, without brackets
  std::uint16_t port = 443;
  DialTarget address;
  bool host_is_address = false;

  /// "/dns-query?dns=": what a GET asks for, up to where the query in base64url is appended.
  std::string path_of_get() const;
  /// The one address for the name, as libcurl's CURLOPT_RESOLVE wants it. Only for a host that is a name.
  std::string resolution() const;
};
/// Takes the URL of an upstream apart. Pre: it speaks DNS over HTTPS.
HttpTarget http_target(const UpstreamConfig& upstream, const DialTarget& address);

}  // namespace tacet
