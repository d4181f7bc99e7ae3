#include "cli/migrate/stamp.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/digits.hpp"
#include "base/text.hpp"

namespace tacet {
namespace {

/// The fields of a stamp, one after the other. A field beyond the end is empty, and is_short() is true from then on.
class StampFields {
public:
  explicit StampFields(std::string_view octets) : rest_(octets) {}

  unsigned octet() { return static_cast<unsigned char>(take(1).empty() ? '\0' : last_.front()); }
  std::string_view text() { return take(octet()); }
  /// A list: the high bit of each length says that another item follows. True if an item is not empty.
  bool skip_list() {
    bool any = false;
    for (bool more = true; more && !short_;) {
      const unsigned length = octet();
      more = (length & 0x80U) != 0;
      any = !take(length & 0x7fU).empty() || any;
    }
    return any;
  }
  bool is_short() const { return short_; }

private:
  std::string_view take(std::size_t size) {
    short_ = short_ || size > rest_.size();
    last_ = rest_.substr(0, short_ ? 0 : size);
    rest_.remove_prefix(last_.size());
    return last_;
  }

  std::string_view rest_, last_;
  bool short_ = false;
};

constexpr unsigned doh = 2, dot = 3, doq = 4;
constexpr std::size_t properties_size = 8;

/// Why tacet cannot use a server of this protocol; empty for one that it can.
std::string_view obstacle_of(unsigned protocol) {
  constexpr auto obstacles = std::to_array<std::pair<unsigned, std::string_view>>(
      {{0x00, "it is a plain DNS server, which would read every name in clear"},
       {0x01, "it speaks DNSCrypt, which tacet does not; its operator may serve DoH or DoT as well"},
       {0x05, "it needs a relay (ODoH)"},
       {0x81, "it is a relay for DNSCrypt"},
       {0x85, "it is a relay for ODoH"},
       {0x06, "it is an encrypted server without a certificate's name"}});
  if (protocol == doh || protocol == dot || protocol == doq) return {};
  for (const auto& [number, why] : obstacles)
    if (number == protocol) return why;
  return "its protocol is unknown";
}

/// "1.1.1.1:443" without the port, and "[::1]" without the brackets; empty for ":443".
std::string without_port(std::string_view address) {
  if (address.starts_with('[')) return std::string(address.substr(1, address.find(']') - 1));
  const auto colon = address.find(':');
  return std::string(colon == address.rfind(':') ? address.substr(0, colon) : address);
}

/// ":8443" of an address that names a port, empty otherwise.
std::string_view port_of(std::string_view address) {
  if (address.starts_with('[')) address.remove_prefix(std::min(address.find(']'), address.size()));
  const auto colon = address.find(':');
  return colon == std::string_view::npos || colon != address.rfind(':') ? "" : address.substr(colon);
}

ServerStamp server_of(unsigned protocol, StampFields& fields) {
  const auto address = fields.text();
  ServerStamp stamp;
  stamp.has_pins = fields.skip_list();
  const auto host = fields.text();
  const auto path = protocol == doh ? fields.text() : std::string_view();
  const auto scheme = protocol == doh ? "https" : protocol == dot ? "tls" : "quic";
  auto name = std::string(host.empty() ? address : host);
  if (host.find(':') == std::string_view::npos && !host.empty()) name += port_of(address);
  stamp.url = fmt::format("{}://{}{}", scheme, name, path);
  if (auto bare = without_port(address); !bare.empty()) stamp.addresses.push_back(std::move(bare));
  return stamp;
}

}  // namespace

Result<ServerStamp> read_stamp(std::string_view stamp) {
  constexpr std::string_view scheme = "sdns://";
  if (!stamp.starts_with(scheme)) return fail(Fault::invalid_config, "it is no stamp (sdns://)");
  stamp.remove_prefix(scheme.size());
  while (stamp.ends_with('=')) stamp.remove_suffix(1);
  const auto octets = base64url_digits.decode(stamp);
  if (!octets || octets->empty()) return fail(Fault::invalid_config, "it is no whole stamp");
  StampFields fields(chars_of(*octets));
  const auto protocol = fields.octet();
  if (const auto why = obstacle_of(protocol); !why.empty()) return fail(Fault::invalid_config, std::string(why));
  for (std::size_t i = 0; i < properties_size; ++i) fields.octet();
  auto server = server_of(protocol, fields);
  if (fields.is_short()) return fail(Fault::invalid_config, "it is no whole stamp");
  return server;
}

}  // namespace tacet
