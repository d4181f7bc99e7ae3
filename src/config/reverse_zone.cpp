#include "config/reverse_zone.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "config/scalar.hpp"
#include "tacet/ip_address.hpp"

namespace tacet {
namespace {

constexpr std::string_view v4_zone = "in-addr.arpa";
constexpr std::string_view v6_zone = "ip6.arpa";

bool is_number(std::string_view label) {
  return !label.empty() && label.size() <= 3 && std::ranges::all_of(label, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_octet(std::string_view label) {
  return is_number(label) && parse_number(label) <= 255U && (label.size() == 1 || label.front() != '0');
}

bool is_nibble(std::string_view label) {
  return label.size() == 1 && std::string_view("0123456789abcdef").find(label) != std::string_view::npos;
}

std::vector<std::string_view> labels_of(std::string_view text) {
  std::vector<std::string_view> labels;
  for (auto dot = text.find('.'); dot != std::string_view::npos; dot = text.find('.')) {
    labels.push_back(text.substr(0, dot));
    text.remove_prefix(dot + 1);
  }
  labels.push_back(text);
  return labels;
}

/// The parts of an address from its front, in the form of zone labels.
struct ReverseTree {
  std::string_view zone;
  unsigned bits;  ///< of one label
  std::string (*label)(unsigned part);
};
const ReverseTree v4{v4_zone, 8, [](unsigned part) { return std::to_string(part); }};
const ReverseTree v6{v6_zone, 4, [](unsigned part) { return fmt::format("{:x}", part); }};

std::string zone_of(const ReverseTree& family, const std::vector<unsigned>& parts) {
  std::string zone;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) zone += family.label(*part) + ".";
  return zone.append(family.zone);
}

/// The zone of a prefix, or the first and last of several, because a zone ends at a label.
std::string zones_of_prefix(const ReverseTree& family, std::vector<unsigned> parts, unsigned length) {
  const unsigned loose = length % family.bits;
  parts.resize((length + family.bits - 1) / family.bits);
  if (loose == 0) return zone_of(family, parts);
  const unsigned others = (1U << (family.bits - loose)) - 1;
  parts.back() &= ~others;
  const auto first = zone_of(family, parts);
  parts.back() |= others;
  return fmt::format("{} to {}, each by itself", first, zone_of(family, parts));
}

/// Accepts "10.*.*.*", "10." and "192.168" for the networks 10.0.0.0/8 and 192.168.0.0/16.
std::optional<std::string> zones_of_beginning(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  while (text.ends_with(".*")) text.remove_suffix(2);
  const auto labels = labels_of(text);
  if (labels.size() > 4 || !std::ranges::all_of(labels, is_octet)) return std::nullopt;
  std::vector<unsigned> parts;
  for (const auto label : labels) parts.push_back(static_cast<unsigned>(parse_number(label).value()));
  return zone_of(v4, parts);
}

std::optional<std::string> zones_of_v6(const std::string& address, std::optional<std::uint64_t> length) {
  const auto read = IpAddress::from_text(address);
  if (!read || length > 128U) return std::nullopt;
  std::vector<unsigned> parts;
  for (const unsigned octet : read->octets()) parts.insert(parts.end(), {octet >> 4U, octet & 0xfU});
  return zones_of_prefix(v6, parts, static_cast<unsigned>(length.value_or(128)));
}

}  // namespace

std::optional<std::string> reverse_zones_of(std::string_view text) {
  const auto slash = text.find('/');
  auto address = text.substr(0, slash);
  std::optional<std::uint64_t> length;
  if (slash != std::string_view::npos && !(length = parse_number(text.substr(slash + 1)))) return std::nullopt;
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  if (address.find(':') != std::string_view::npos) return zones_of_v6(std::string(address), length);
  if (!length) return zones_of_beginning(address);
  auto labels = labels_of(address);
  if (labels.size() > 4 || *length > 32 || !std::ranges::all_of(labels, is_octet)) return std::nullopt;
  std::vector<unsigned> parts(4);
  std::ranges::transform(labels, parts.begin(), [](auto label) { return static_cast<unsigned>(*parse_number(label)); });
  return zones_of_prefix(v4, parts, static_cast<unsigned>(*length));
}

std::optional<std::string> reverse_zone_fault(std::string_view zone) {
  const bool of_v4 = zone.ends_with(".in-addr.arpa");
  if (!of_v4 && !zone.ends_with(".ip6.arpa")) return std::nullopt;
  auto labels = labels_of(zone.substr(0, zone.size() - (of_v4 ? v4_zone : v6_zone).size() - 1));
  std::ranges::reverse(labels);
  // The fourth label of an IPv4 address is free (RFC 2317), and names of services may stand below each.
  if (of_v4 && labels.size() > 3) labels.resize(3);
  for (const auto label : labels) {
    if (label.starts_with('_')) return std::nullopt;
    if (of_v4 ? is_octet(label) : is_nibble(label)) continue;
    return of_v4
               ? "has a label that is no number of an address, allowed: 0 to 255 in each label, the last number first, "
                 "such as 168.192.in-addr.arpa for 192.168.0.0/16"
               : "has a label that is no hexadecimal digit of an address, allowed: one digit in each label, the last "
                 "digit first, such as d.f.ip6.arpa for fd00::/8";
  }
  return std::nullopt;
}

}  // namespace tacet
