#include "doctor/canaries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "config/document.hpp"
#include "config/forms/address_forms.hpp"
#include "config/forms/dnssec_forms.hpp"
#include "config/mapping.hpp"

namespace tacet {
namespace {

// The zones of `signed` are signed below five signed top-level domains. Their operators run DNS for the public or teach
// it, and no content network steers their addresses.
constexpr std::string_view built_in = R"(
expires: 2027-12-01
signed: [nlnetlabs.nl, sidn.nl, nic.cz, denic.de, ripe.net, isc.org, iana.org, icann.org, afnic.fr, switch.ch]
ech: [cloudflare-ech.com, crypto.cloudflare.com, tls-ech.dev]
nonservers: ["192.0.2.53", "2001:db8::53"]
resolvers: {"1.1.1.1": Cloudflare, "9.9.9.9": Quad9}
portal: {url: "http://network-test.debian.org/nm", text: NetworkManager is online}
)";

constexpr std::array<std::string_view, 6> keys{"expires", "signed", "ech", "nonservers", "resolvers", "portal"};
constexpr std::string_view scheme = "http://";
const NamesForm names{
    .what = "a list of domain names such as [isc.org, nic.cz], none twice", .parse = zone_below_root, .least = 1};
const SocketAddressesForm addresses{
    .what = "a list of addresses such as [\"192.0.2.53\"], none twice", .parse = server_address, .least = 1};

void read_names(const Value& value, std::vector<Name>& out) {
  std::vector<std::string> texts;
  names.read(value, texts);
  out.clear();
  for (const auto& text : texts) out.push_back(Name::from_text(text).value());
}

void read_resolvers(const Value& value, std::vector<PublicResolver>& out) {
  if (!has_members(value)) return value.wrong("is not enough");
  out.clear();
  const auto& children = value.node().children;
  if (children.empty()) value.wrong("is not enough");
  for (std::size_t i = 0; i + 1 < children.size(); i += 2) {
    auto address = server_address(children[i].text);
    const auto* name = value.member(children[i].text, children[i + 1], "the name of an operator").scalar();
    if (!address) value.at(children[i]).fault(address.error().detail);
    if (address && name != nullptr) out.push_back({*std::move(address), *name});
  }
}

void read_day(const Value& value, std::string& out) {
  const auto* text = value.scalar();
  if (text == nullptr) return;
  if (auto day = parse_day(*text); !day) return value.fault(day.error().detail);
  out = *text;
}

/// The host of a URL such as http://portal.example/page; nothing if it is none.
std::optional<Name> host_of(std::string_view url) {
  if (!url.starts_with(scheme)) return std::nullopt;
  const auto host = Name::from_text(url.substr(scheme.size(), url.find('/', scheme.size()) - scheme.size()));
  return host && !host->is_root() ? std::optional(*host) : std::nullopt;
}

void read_portal(const Value& value, PortalPage& out) {
  constexpr std::array<std::string_view, 2> names_of_page{"url", "text"};
  if (!has_members(value)) return;
  check_keys(value, names_of_page);
  for (const auto& [name, field] : {std::pair{"url", &PortalPage::url}, std::pair{"text", &PortalPage::text}}) {
    const Node* node = value.node().find(name);
    if (node == nullptr) return value.wrong("is not enough");
    const auto* text = value.member(name, *node, "a text").scalar();
    if (text != nullptr) out.*field = *text;
  }
  if (!host_of(out.url)) value.wrong("has no URL with http:// and a host name");
}

void read_members(const Value& root, Canaries& out) {
  if (!root.is(NodeKind::mapping)) return root.wrong("is no mapping");
  check_keys(root, keys);
  const auto member = [&](std::string_view name, std::string allowed, auto&& read) {
    if (const Node* node = root.node().find(name)) read(root.member(name, *node, std::move(allowed)));
  };
  member("expires", "a day such as 2027-12-01", [&](const Value& value) { read_day(value, out.expires); });
  member("signed", names.allowed(), [&](const Value& value) { read_names(value, out.signed_names); });
  member("ech", names.allowed(), [&](const Value& value) { read_names(value, out.ech_names); });
  member("nonservers", addresses.allowed(), [&](const Value& value) { addresses.read(value, out.nonservers); });
  member("resolvers", "a mapping of addresses to operators such as {\"1.1.1.1\": Cloudflare}",
         [&](const Value& value) { read_resolvers(value, out.resolvers); });
  member("portal", "a mapping such as {url: \"http://portal.example/\", text: success}",
         [&](const Value& value) { read_portal(value, out.portal); });
}

Result<Canaries> read_over(Canaries canaries, std::string_view text) {
  const auto root = parse_document(text);
  if (!root) return fail(Fault::invalid_config, fmt::format("line {}: {}", root.error().at.line, root.error().text));
  std::vector<ConfigFault> faults;
  read_members(Value(*root, {}, "a mapping", faults), canaries);
  if (faults.empty()) return canaries;
  const ConfigFault& first = *std::ranges::min_element(faults, {}, &ConfigFault::at);
  return fail(Fault::invalid_config,
              fmt::format("line {}: {}{}{}", first.at.line, first.key, first.key.empty() ? "" : ": ", first.text));
}

}  // namespace

Name PortalPage::host() const { return host_of(url).value(); }

const Canaries& built_in_canaries() {
  static const Canaries canaries = read_over({}, built_in).value();
  return canaries;
}

Result<Canaries> read_canaries(std::string_view text) { return read_over(built_in_canaries(), text); }

bool expired(const Canaries& canaries, WallTime today) {
  const auto end = parse_day(canaries.expires);
  return end && today >= *end + std::chrono::days(1);
}

}  // namespace tacet
