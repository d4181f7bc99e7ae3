#include "doctor/canaries.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "config/address_forms.hpp"
#include "config/dnssec_forms.hpp"
#include "config/document.hpp"

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
)";

std::unexpected<Error> wrong(Position at, std::string_view what) {
  return fail(Fault::invalid_config, fmt::format("line {}: {}", at.line, what));
}

Result<std::vector<Name>> read_names(const Node& list) {
  std::vector<Name> names;
  for (const Node& item : list.children) {
    const auto name = Name::from_text(item.text);
    if (item.kind != NodeKind::scalar || !name || name->is_root()) return wrong(item.at, "this is no domain name");
    names.push_back(*name);
  }
  if (list.kind != NodeKind::list || names.empty()) return wrong(list.at, "this is no list of domain names");
  return names;
}

Result<std::vector<SocketAddress>> read_addresses(const Node& list) {
  std::vector<SocketAddress> addresses;
  for (const Node& item : list.children) {
    auto address = server_address(item.text);
    if (item.kind != NodeKind::scalar || !address) return wrong(item.at, "this is no address of a server");
    addresses.push_back(*std::move(address));
  }
  if (list.kind != NodeKind::list || addresses.empty()) return wrong(list.at, "this is no list of addresses");
  return addresses;
}

Result<std::vector<PublicResolver>> read_resolvers(const Node& mapping) {
  std::vector<PublicResolver> resolvers;
  for (std::size_t i = 0; mapping.kind == NodeKind::mapping && i + 1 < mapping.children.size(); i += 2) {
    auto address = server_address(mapping.children[i].text);
    if (!address) return wrong(mapping.children[i].at, "this is no address of a server");
    resolvers.push_back({*std::move(address), mapping.children[i + 1].text});
  }
  if (resolvers.empty()) return wrong(mapping.at, "this is no mapping of addresses to operators");
  return resolvers;
}

template <class T>
Result<void> take(const Node* node, Result<T> (*read)(const Node&), T& into) {
  if (node == nullptr) return {};
  auto value = read(*node);
  if (!value) return fail(std::move(value.error()));
  into = *std::move(value);
  return {};
}

Result<void> check_keys(const Node& root) {
  constexpr std::array<std::string_view, 5> keys{"expires", "signed", "ech", "nonservers", "resolvers"};
  if (root.kind != NodeKind::mapping) return wrong(root.at, "this is no mapping");
  for (std::size_t i = 0; i + 1 < root.children.size(); i += 2)
    if (std::ranges::find(keys, root.children[i].text) == keys.end())
      return wrong(root.children[i].at, fmt::format("unknown key '{}', allowed: {}", root.children[i].text,
                                                    "expires, signed, ech, nonservers, resolvers"));
  return {};
}

Result<std::string> read_day(const Node& node) {
  if (node.kind != NodeKind::scalar || !parse_day(node.text))
    return wrong(node.at, "this is no day such as 2027-12-01");
  return node.text;
}

Result<Canaries> read_over(Canaries canaries, std::string_view text) {
  const auto root = parse_document(text);
  if (!root) return wrong(root.error().at, root.error().text);
  if (auto known = check_keys(*root); !known) return fail(known.error());
  for (const auto& done : {take(root->find("expires"), read_day, canaries.expires),
                           take(root->find("signed"), read_names, canaries.signed_names),
                           take(root->find("ech"), read_names, canaries.ech_names),
                           take(root->find("nonservers"), read_addresses, canaries.nonservers),
                           take(root->find("resolvers"), read_resolvers, canaries.resolvers)})
    if (!done) return fail(done.error());
  return canaries;
}

}  // namespace

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
