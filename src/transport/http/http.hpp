#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "transport/connection.hpp"
#include "transport/dial/connector.hpp"
#include "transport/http/doh_method.hpp"
#include "transport/http/doh_response.hpp"
#include "transport/tls/tls.hpp"

namespace tacet {

/// The HTTP library, made ready while this lives. To be made while there is one thread, and before the process is
/// confined.
class HttpLibrary {
public:
  HttpLibrary();
  ~HttpLibrary();
  HttpLibrary(const HttpLibrary&) = delete;
  HttpLibrary& operator=(const HttpLibrary&) = delete;
};

/// What the HTTP library in use can do, from itself and not from the headers it was compiled with.
struct HttpFeatures {
  std::string version;  ///< "libcurl 7.88.1 (OpenSSL/3.0.22, nghttp2/1.52.0)"
  bool http2 = false, http3 = false, ech = false;
};
HttpFeatures http_features();
std::string http_library_version();

/// Where requests go, and who listens there.
struct HttpTarget {
  std::string origin;  ///< "https://dns.example:443"
  std::string path;    ///< "/dns-query": what a POST asks for
  std::string host;    ///< name or address in the URL, without brackets
  std::uint16_t port = 443;
  SocketAddress address;
  bool host_is_address = false;

  /// "/dns-query?dns=": what a GET asks for, up to where the query in base64url is appended.
  std::string path_of_get() const;
  /// The one address for the name, as libcurl's CURLOPT_RESOLVE wants it. Only for a host that is a name.
  std::string resolution() const;
};
HttpTarget http_target(const UpstreamConfig& upstream, const SocketAddress& address);

/// What all links to one server share.
struct DohShared {
  TlsClient& tls;
  DohMethodState& method_state;  ///< its method changes when another has brought an answer
};

/// HTTP/2 requests over one TLS connection on a socket that we connected (libcurl; one multi handle per connection).
/// It never opens another: when libcurl wants one, the link is over. At most 100 requests are in libcurl at once, which
/// slows down beyond that; the others wait in a queue here.
class HttpLink {
public:
  /// Called outside libcurl and never from inside get(); the link may be destroyed in any of them.
  class Owner {
  public:
    virtual ~Owner() = default;
    virtual void on_established() = 0;
    virtual void on_received() = 0;
    /// The body of a response with status 2xx and type application/dns-message, or the fault of this one request.
    virtual void on_body(Tag tag, Result<DohBody> body) = 0;
    /// As Connection::Owner::on_closed.
    virtual void on_closed(Error why) = 0;
  };

  /// `shared` and `owner` must outlive the link. A server that refuses the method is asked by the other one from then
  /// on by all links that share it; what it refused is asked again, once.
  HttpLink(Loop& loop, ConnectedSocket socket, HttpTarget target, const DohShared& shared, Owner& owner);
  ~HttpLink();
  HttpLink(const HttpLink&) = delete;
  HttpLink& operator=(const HttpLink&) = delete;

  /// Asks `query`, a message. The first one begins the handshake.
  void ask(Tag tag, std::vector<std::uint8_t> query);

  /// Complete once established; never null.
  std::shared_ptr<const ConnectionFacts> facts() const;
  /// How long the kernel has held unacknowledged data; zero once the link is over.
  Duration unacknowledged() const;

private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace tacet
