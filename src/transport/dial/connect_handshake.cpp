#include <fmt/format.h>

#include <array>
#include <string_view>

#include "config/scalar.hpp"
#include "transport/dial/tunnel_handshake.hpp"

namespace tacet {
namespace {

constexpr std::size_t most_octets_of_reply = 8192;
constexpr std::string_view protocol = "HTTP/1.";

/// RFC 4648 §4, with padding, as RFC 7617 wants it.
std::string base64(std::string_view text) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    const std::size_t there = std::min<std::size_t>(3, text.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j)
      bits = bits << 8 | (j < there ? static_cast<std::uint8_t>(text[i + j]) : std::uint8_t{0});
    for (std::size_t j = 0; j < 4; ++j) out += j <= there ? alphabet[bits >> (18 - 6 * j) & 63U] : '=';
  }
  return out;
}

/// "192.0.2.1:443", "[2001:db8::1]:443", "dns.example:443"; the interface of an address concerns this machine alone.
std::string authority_of(const DialTarget& target) {
  return to_string(target.ip() != nullptr ? DialTarget(target.ip()->without_interface(), target.port()) : target);
}

/// RFC 9110 §9.3.6, by HTTP/1.1.
class ConnectHandshake final : public TunnelHandshake {
public:
  explicit ConnectHandshake(const TunnelRequest& request) : has_credentials_(!request.proxy.user.empty()) {
    const std::string authority = authority_of(request.target);
    std::string head = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", authority);
    if (has_credentials_)
      head +=
          fmt::format("Proxy-Authorization: Basic {}\r\n", base64(request.proxy.user + ':' + request.proxy.password));
    head += "\r\n";
    output_.assign(head.begin(), head.end());
  }

protected:
  Result<void> on_octet(std::uint8_t octet) override {
    if (++octets_ > most_octets_of_reply) return fail(Fault::protocol, "the head of its reply is too long");
    if (octet == '\r') return {};
    if (octet == '\n') return on_line();
    line_ += static_cast<char>(octet);
    const std::string_view begin = std::string_view(line_).substr(0, protocol.size());
    if (status_ == 0 && !protocol.starts_with(begin)) return fail(Fault::protocol, "it speaks no HTTP/1.1");
    return {};
  }

private:
  Result<void> on_line() {
    const std::string line = std::exchange(line_, {});
    if (status_ == 0) return on_status(line);
    if (!line.empty()) return {};
    is_done_ = status_ >= 200;
    status_ = 0;  // an interim reply: the next one follows
    return {};
  }

  /// "HTTP/1.1 200 OK"
  Result<void> on_status(std::string_view line) {
    constexpr std::size_t at = protocol.size() + 2;
    const auto number = line.size() >= at + 3 && line[at - 1] == ' ' ? parse_number(line.substr(at, 3)) : std::nullopt;
    const bool is_whole = line.size() <= at + 3 || line[at + 3] == ' ';
    if (!line.starts_with(protocol) || !number || *number < 100 || !is_whole)
      return fail(Fault::protocol, "it speaks no HTTP/1.1");
    status_ = static_cast<unsigned>(*number);
    if (status_ < 300) return {};
    return refusal(std::string(line.substr(at)));
  }

  std::unexpected<Error> refusal(const std::string& reason) const {
    if (status_ == 407 && has_credentials_)
      return fail(Fault::invalid_config,
                  "it refuses the user name or the password (status 407): correct them in `proxy`");
    if (status_ == 407)
      return fail(Fault::invalid_config,
                  "it asks for a user name and a password (status 407): give them in `proxy: "
                  "http://USER:PASSWORD@HOST:PORT`");
    const bool forbids = status_ == 403 || status_ == 405;
    return fail(Fault::unreachable, fmt::format("it answers {}{}", quotation(reason),
                                                forbids ? ": its rules may forbid this port or address" : ""));
  }

  bool has_credentials_;
  std::string line_;
  std::size_t octets_ = 0;
  unsigned status_ = 0;  // of this reply, once its first line is complete
};

}  // namespace

std::unique_ptr<TunnelHandshake> connect_handshake(const TunnelRequest& request) {
  return std::make_unique<ConnectHandshake>(request);
}

}  // namespace tacet
