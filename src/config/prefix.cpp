#include "config/prefix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "config/address.hpp"
#include "config/scalar.hpp"

namespace tacet {
namespace {

constexpr unsigned v4_starts = 96;  // bits of ::ffff:0:0/96

AddressOctets octets_of_address(const IpAddress& address) {
  AddressOctets octets{};
  if (!address.is_v6()) octets[10] = octets[11] = 0xff;
  std::ranges::copy(address.octets(), octets.end() - static_cast<std::ptrdiff_t>(address.octets().size()));
  return octets;
}

/// The octets with every bit behind the prefix cleared.
AddressOctets masked(AddressOctets octets, unsigned length) {
  for (unsigned bit = length; bit < 128; ++bit)
    octets[bit / 8] = static_cast<std::uint8_t>(octets[bit / 8] & ~(0x80U >> bit % 8));
  return octets;
}

bool lies_in(const OctetPrefix& inner, const OctetPrefix& outer) {
  return inner.length >= outer.length && outer.holds(inner.octets);
}

}  // namespace

std::string to_string(const AddressPrefix& prefix) {
  return fmt::format("{}/{}", prefix.address.to_string(), prefix.length);
}

bool OctetPrefix::holds(const AddressOctets& address) const {
  const auto whole = static_cast<std::ptrdiff_t>(length / 8);
  if (!std::equal(octets.begin(), octets.begin() + whole, address.begin())) return false;
  if (length % 8 == 0) return true;
  const auto at = static_cast<std::size_t>(whole);
  return ((octets[at] ^ address[at]) >> (8 - length % 8)) == 0;
}

void OctetPrefix::clear_behind() { octets = masked(octets, length); }

Result<AddressPrefix> parse_prefix(std::string_view text) {
  const auto slash = text.find('/');
  const auto percent = std::min(text.find('%'), slash);
  const auto address = IpAddress::from_text(text.substr(0, percent));
  const unsigned longest = address && !address->is_v6() ? 32 : 128;
  const auto length = slash == std::string_view::npos ? longest : parse_number(text.substr(slash + 1));
  if (!address || !length || *length > longest) {
    return fail(Fault::invalid_config,
                fmt::format("{} is no prefix, allowed: such as 192.168.1.0/24 or fd00::/8", quotation(text)));
  }
  AddressPrefix prefix{*address, static_cast<unsigned>(*length)};
  // A link-local prefix without an interface means every link. A link-local address without one means no machine.
  if (percent != slash || slash == std::string_view::npos) {
    auto whole = parse_host_address(text.substr(0, slash));
    if (!whole) return fail(std::move(whole.error()));
    prefix.address = *std::move(whole);
  }
  const AddressOctets proper = octets_of(prefix).octets;
  const auto first =
      IpAddress::from_octets(Bytes(proper).last(address->octets().size()))->on(prefix.address.interface());
  if (first == prefix.address) return prefix;
  return fail(Fault::invalid_config, fmt::format("{} has bits behind its prefix, allowed: {}", quotation(text),
                                                 to_string(AddressPrefix{first, prefix.length})));
}

OctetPrefix octets_of(const AddressPrefix& prefix) {
  const unsigned length = prefix.length + (prefix.address.is_v6() ? 0 : v4_starts);
  return {masked(octets_of_address(prefix.address), length), length, std::string(prefix.address.interface())};
}

bool is_public(const AddressPrefix& prefix) {
  static const std::vector<AddressPrefix> others{{"127.0.0.0", 8},    {"10.0.0.0", 8},     {"172.16.0.0", 12},
                                                 {"192.168.0.0", 16}, {"169.254.0.0", 16}, {"100.64.0.0", 10},
                                                 {"::1", 128},        {"fc00::", 7},       {"fe80::", 10}};
  const OctetPrefix octets = octets_of(prefix);
  return std::ranges::none_of(others, [&](const AddressPrefix& other) { return lies_in(octets, octets_of(other)); });
}

Result<void> check_access(const std::vector<SocketAddress>& listen, const std::vector<AddressPrefix>& allow) {
  if (!allow.empty()) return {};
  const auto open = std::ranges::find_if_not(listen, [](const auto& at) { return at.address.is_loopback(); });
  if (open == listen.end()) return {};
  return fail(
      Fault::invalid_config,
      fmt::format("{} can be reached by other machines, and allow is empty. List the machines that may ask, such as: "
                  "allow: [192.168.1.0/24, \"fd00::/8\"]",
                  to_string(*open)));
}

}  // namespace tacet
