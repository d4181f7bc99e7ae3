#include <fmt/format.h>
#include <netinet/in.h>

#include <array>
#include <string_view>

#include "transport/dial/tunnel_handshake.hpp"

namespace tacet {
namespace {

constexpr std::uint8_t version = 5, login_version = 1;
constexpr std::uint8_t without_login = 0, by_password = 2, no_method = 0xff;
constexpr std::uint8_t connect_command = 1;
constexpr std::uint8_t ipv4 = 1, name = 3, ipv6 = 4;
constexpr std::size_t most_octets_of_text = 255;

std::string_view words_of(std::uint8_t reply) {
  constexpr std::array<std::string_view, 9> words{
      "success",
      "a failure that it does not explain",
      "its rules forbid this connection",
      "it has no route to that network",
      "it has no route to that host",
      "that host refuses the connection",
      "the way to that host is too long",
      "it makes no connections",
      "it does not know this type of address",
  };
  return reply < words.size() ? words[reply] : "a failure of a number that SOCKS5 does not have";
}

void append_text(std::vector<std::uint8_t>& out, std::string_view text) {
  text = text.substr(0, most_octets_of_text);
  out.push_back(static_cast<std::uint8_t>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

/// ATYP and address of RFC 1928 §5.
void append_address(std::vector<std::uint8_t>& out, const DialTarget& target) {
  const IpAddress* const address = target.ip();
  if (address == nullptr) {
    out.push_back(name);
    return append_text(out, target.host());
  }
  out.push_back(address->is_v6() ? ipv6 : ipv4);
  out.insert(out.end(), address->octets().begin(), address->octets().end());
}

/// RFC 1928 §3 to §6. It always offers a user name and password: Tor prefers them, and then isolates the stream.
class Socks5Handshake final : public TunnelHandshake {
public:
  explicit Socks5Handshake(TunnelRequest request) : request_(std::move(request)) {
    output_ = {version, 2, without_login, by_password};
  }

protected:
  Result<void> on_octet(std::uint8_t octet) override {
    reply_.push_back(octet);
    if (reply_.size() < wanted_) return {};
    switch (stage_) {
      case Stage::method:
        return on_method();
      case Stage::login:
        return on_login();
      case Stage::reply:
        return on_reply();
    }
    return {};
  }

private:
  enum class Stage : std::uint8_t { method, login, reply };

  void expect(Stage stage) {
    stage_ = stage;
    reply_.clear();
    wanted_ = 2;
  }

  Result<void> on_method() {
    if (reply_[0] != version) return fail(Fault::protocol, "it speaks no SOCKS5");
    if (reply_[1] == by_password) {
      log_in();
      return {};
    }
    if (reply_[1] == without_login) {
      ask();
      return {};
    }
    if (reply_[1] == no_method)
      return fail(Fault::invalid_config, "it wants another login than none, or a user name and a password");
    return fail(Fault::protocol, fmt::format("it chose the login method {}, which was not offered", reply_[1]));
  }

  /// RFC 1929 §2. Neither text may be empty.
  void log_in() {
    const ProxyConfig& proxy = request_.proxy;
    output_.push_back(login_version);
    append_text(output_, proxy.user.empty() ? request_.isolation : proxy.user);
    append_text(output_, proxy.password.empty() ? std::string_view("-") : proxy.password);
    expect(Stage::login);
  }

  Result<void> on_login() {
    if (reply_[1] == 0) {
      ask();
      return {};
    }
    if (request_.proxy.user.empty())
      return fail(Fault::invalid_config,
                  "it asks for a user name and a password: give them in `proxy: socks5://USER:PASSWORD@HOST:PORT`");
    return fail(Fault::invalid_config, "it refuses the user name or the password: correct them in `proxy`");
  }

  void ask() {
    output_.insert(output_.end(), {version, connect_command, 0});
    append_address(output_, request_.target);
    output_.push_back(static_cast<std::uint8_t>(request_.target.port() >> 8));
    output_.push_back(static_cast<std::uint8_t>(request_.target.port() & 0xff));
    expect(Stage::reply);
  }

  /// The reply ends with an address whose length stands in its fourth octet, or for a name in its fifth.
  Result<void> on_reply() {
    constexpr std::size_t head = 4, port = 2;
    if (reply_[0] != version) return fail(Fault::protocol, "its reply is no SOCKS5");
    if (reply_[1] != 0) return fail(Fault::unreachable, std::string(words_of(reply_[1])));
    if (reply_.size() < head + 1) {
      wanted_ = head + 1;
      return {};
    }
    const std::uint8_t type = reply_[3];
    if (type != ipv4 && type != ipv6 && type != name)
      return fail(Fault::protocol, "its reply has an address of no known type");
    wanted_ = head + port + (type == ipv4 ? sizeof(in_addr) : type == ipv6 ? sizeof(in6_addr) : 1U + reply_[4]);
    is_done_ = reply_.size() == wanted_;
    return {};
  }

  TunnelRequest request_;
  Stage stage_ = Stage::method;
  std::vector<std::uint8_t> reply_;  // of this stage
  std::size_t wanted_ = 2;
};

}  // namespace

std::unique_ptr<TunnelHandshake> socks5_handshake(const TunnelRequest& request) {
  return std::make_unique<Socks5Handshake>(request);
}

}  // namespace tacet
