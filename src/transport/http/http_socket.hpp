#pragma once
#include <curl/curl.h>

#include <functional>
#include <optional>

#include "base/loop.hpp"
#include "transport/dial/connector.hpp"
#include "transport/dial/socket.hpp"
#include "transport/tls/tls_buffer.hpp"

namespace tacet {

/// The socket of one connection, between libcurl and the loop. libcurl owns a duplicate and may close it at any time.
/// The octets of its TLS go through the buffer, never through the duplicate.
class HttpSocket {
public:
  /// `on_ready` may destroy the socket.
  HttpSocket(Loop& loop, ConnectedSocket socket, std::function<void(Watch::Ready)> on_ready);

  TlsBuffer& buffer() { return buffer_; }
  const ConnectedSocket& connected() const { return socket_; }

  /// The duplicate, for libcurl to own; CURL_SOCKET_BAD at a second call, or if no descriptor is left.
  curl_socket_t open();
  /// libcurl closes its duplicate. Sends TLS's last octets first. Returns as close(2) does.
  int close(curl_socket_t duplicate);
  curl_socket_t duplicate() const { return duplicate_; }
  /// The error of an open() that found no descriptor.
  const std::optional<Error>& shortage() const { return shortage_; }
  /// True once libcurl has closed its duplicate, or wanted another.
  bool is_lost() const { return is_lost_; }

  /// Waits for the events that libcurl wants, one of CURL_POLL_…. If libcurl wants none, waits for octets: libcurl
  /// would notice a server's close only with the next request.
  void follow(int wish);
  /// True if libcurl waits for nothing.
  bool is_idle() const { return wish_ == CURL_POLL_REMOVE; }
  /// True if libcurl waits until it can write.
  bool curl_writes() const { return (wish_ & CURL_POLL_OUT) != 0; }
  /// Stops to wait for octets until libcurl wants to.
  void stop_reading() { watch_.want_read(false); }

  /// Sends what libcurl wrote, or waits for the socket. Fault::unreachable if the socket is broken.
  Result<void> flush();

  PeerState peer() const { return peer_state(socket_.get()); }
  /// True if the server has closed the connection, or said that it will. For an idle one: it reads for libcurl.
  bool peer_has_left();
  /// How long the kernel has held unacknowledged data.
  Duration unacknowledged() const;

private:
  ConnectedSocket socket_;
  TlsBuffer buffer_;
  Watch watch_;  // after the socket: destroyed before its descriptor closes
  std::optional<Error> shortage_;
  curl_socket_t duplicate_ = CURL_SOCKET_BAD;
  int wish_ = CURL_POLL_REMOVE;  // what libcurl wants to wait for
  bool is_lost_ = false;
};

}  // namespace tacet
