#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/value.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// A list without duplicates; == compares its items.
template <class T>
struct ListForm {
  std::string_view what;  ///< allowed()
  /// Fault::invalid_config with what is wrong and what is allowed.
  Result<T> (*parse)(std::string_view);
  std::size_t least = 0;          ///< items
  std::string_view spelled = {};  ///< what to call an item that stands twice in different spellings

  std::string allowed() const { return std::string(what); }
  void read(const Value& value, std::vector<T>& out) const;
  std::string text(const std::vector<T>& items) const;
};

using SocketAddressesForm = ListForm<SocketAddress>;
using PrefixesForm = ListForm<AddressPrefix>;
using IpAddressesForm = ListForm<IpAddress>;
using NamesForm = ListForm<std::string>;

/// The words for an item of a list, or a key, that stands twice; with the other spelling if it differs.
std::string given_twice(std::string_view text, std::string_view spelled, const std::string& same);

/// A loopback address with a port, or "" for none.
struct LoopbackForm {
  std::uint16_t default_port = 0;

  std::string allowed() const;
  void read(const Value& value, std::optional<SocketAddress>& out) const;
  std::string text(const std::optional<SocketAddress>& address) const;
};

/// For lists: a listening address (port 53, 443 or 853 unless given), a server's address (port 53 unless given), a zone
/// other than the root, such a zone of `rebind.allow`, a machine's name (lower case), a machine's address.
Result<SocketAddress> listen_address(std::string_view text);
Result<SocketAddress> https_address(std::string_view text);
Result<SocketAddress> tls_address(std::string_view text);
Result<SocketAddress> server_address(std::string_view text);
Result<std::string> zone_below_root(std::string_view text);
Result<std::string> zone_to_trust(std::string_view text);
Result<std::string> machine_name(std::string_view text);
Result<IpAddress> machine_address(std::string_view text);

/// A zone other than the root. The fault of the root ends with `instead`, which says what does what the user may want.
Result<std::string> zone_but_root(std::string_view text, std::string_view instead);

inline constexpr std::string_view machine_addresses =
    R"(a list of IP addresses such as [1.1.1.1, "2606:4700:4700::1111"], none twice)";

}  // namespace tacet
