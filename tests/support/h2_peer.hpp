#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/loop.hpp"
#include "support/tls_peer.hpp"
#include "transport/dial/socket.hpp"

namespace tacet {

/// One connection of a TestH2Server: enough of HTTP/2 (RFC 9113) to see that a request came and to answer it. What the
/// request says is not looked at.
class TestH2Connection {
public:
  TestH2Connection(Loop& loop, Descriptor socket, TestTlsServer& tls,
                   std::function<void(TestH2Connection&, std::uint32_t)> on_request)
      : socket_(std::move(socket)),
        tls_(tls),
        on_request_(std::move(on_request)),
        watch_(std::in_place, loop, socket_.get(), [this](Watch::Ready) { readable(); }) {
    watch_->want_read(true);
  }

  void frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
    const auto octet = [](std::size_t value, int shift) { return static_cast<char>(value >> shift & 0xFF); };
    std::string head{octet(payload.size(), 16), octet(payload.size(), 8), octet(payload.size(), 0),
                     static_cast<char>(type), static_cast<char>(flags)};
    for (int shift = 24; shift >= 0; shift -= 8) head += octet(stream, shift);
    head += payload;
    octets(head);
  }

  /// A whole response; `status` of three digits.
  void respond(std::uint32_t stream, std::string_view status, std::string_view type, Bytes body) {
    std::string fields("\x08\x03", 2);  // literals without indexing (RFC 7541 §6.2.2): :status is 8, content-type 31
    fields += status;
    fields += std::string("\x0f\x10", 2) + static_cast<char>(type.size()) + std::string(type);
    frame(1, 4, stream, fields);
    std::string_view rest(reinterpret_cast<const char*>(body.data()), body.size());
    for (; rest.size() > 16384; rest.remove_prefix(16384)) frame(0, 0, stream, rest.substr(0, 16384));
    frame(0, 1, stream, rest);
  }

  /// Plaintext of any kind.
  void octets(std::string_view text) {
    tls_.send(Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
    flush();
  }

  /// Says within TLS that nothing more comes, and leaves the socket open.
  void say_goodbye() {
    tls_.close();
    flush();
  }
  /// Sends its FIN, or with `reset` breaks the connection.
  void finish() { ::shutdown(socket_.get(), SHUT_WR); }
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    watch_.reset();
    const Descriptor closed = std::move(socket_);
  }

private:
  void readable() {
    std::uint8_t buffer[16384];
    const ssize_t size = ::recv(socket_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (size <= 0) return watch_->want_read(false);
    const auto plain = tls_.receive(Bytes(buffer, static_cast<std::size_t>(size)));
    flush();
    unread_.append(plain.begin(), plain.end());
    if (unread_.starts_with("GET ")) return on_request_(*this, 0);  // HTTP/1.1
    if (!greeted_ && unread_.size() >= 24) {
      greeted_ = true;
      unread_.erase(0, 24);
      frame(4, 0, 0, {});
    }
    while (greeted_ && take_frame()) {
    }
  }

  bool take_frame() {
    const auto at = [this](std::size_t index) { return static_cast<std::uint8_t>(unread_[index]); };
    if (unread_.size() < 9) return false;
    const std::size_t size = 9U + static_cast<std::size_t>(at(0) << 16 | at(1) << 8 | at(2));
    if (unread_.size() < size) return false;
    const std::uint8_t type = at(3);
    const bool acknowledges = (at(4) & 1) != 0;
    const auto stream = static_cast<std::uint32_t>(at(5) << 24 | at(6) << 16 | at(7) << 8 | at(8));
    unread_.erase(0, size);
    if (type == 4 && !acknowledges) frame(4, 1, 0, {});
    if (type == 1) on_request_(*this, stream);
    return watch_.has_value();
  }

  void flush() {
    const auto cipher = tls_.take();
    if (!cipher.empty()) (void)!::send(socket_.get(), cipher.data(), cipher.size(), MSG_NOSIGNAL);
  }

  Descriptor socket_;
  TestTlsPeer tls_;
  std::function<void(TestH2Connection&, std::uint32_t)> on_request_;
  std::optional<Watch> watch_;
  std::string unread_;
  bool greeted_ = false;
};

/// A server on loopback that calls `on_request(connection, stream)` for each request.
class TestH2Server {
public:
  using OnRequest = std::function<void(TestH2Connection&, std::uint32_t)>;

  TestH2Server(Loop& loop, const TestAuthority::Issued& issued, std::string protocol, OnRequest on_request)
      : tls_(issued),
        protocol_(std::move(protocol)),
        listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        watch_(loop, listener_.get(), [this, &loop, on_request](Watch::Ready) {
          Descriptor accepted(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
          connections.push_back(std::make_unique<TestH2Connection>(loop, std::move(accepted), tls_, on_request));
        }) {
    SSL_CTX_set_alpn_select_cb(tls_.get(), &TestH2Server::choose, &protocol_);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_.get(), 8) != 0 ||
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no listener on loopback");
    port_ = ntohs(address.sin_port);
    watch_.want_read(true);
  }

  SocketAddress address() const { return {.address = "127.0.0.1", .port = port_}; }

  std::vector<std::unique_ptr<TestH2Connection>> connections;

private:
  static int choose(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char*, unsigned,
                    void* own) {
    const auto& protocol = *static_cast<std::string*>(own);
    *chosen = reinterpret_cast<const unsigned char*>(protocol.data());
    *size = static_cast<unsigned char>(protocol.size());
    return SSL_TLSEXT_ERR_OK;
  }

  TestTlsServer tls_;
  std::string protocol_;
  Descriptor listener_;
  Watch watch_;
  std::uint16_t port_ = 0;
};

}  // namespace tacet
