#include "config/forms/address_forms.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "config/address.hpp"
#include "config/prefix.hpp"
#include "config/scalar.hpp"
#include "config/zone.hpp"

namespace tacet {
namespace {

const std::string& to_string(const std::string& text) { return text; }

bool is_bare_link_local(std::string_view text) {
  if (text.starts_with('[')) text.remove_prefix(1);
  const auto address = address_before_interface(text.substr(0, text.find(']')));
  return address && is_link_local(*address);
}

}  // namespace

std::string given_twice(std::string_view text, std::string_view spelled, const std::string& same) {
  if (spelled.empty() || text == same) return "is given twice";
  return fmt::format("is given twice: it is the {} {}", spelled, same);
}

template <class T>
void ListForm<T>::read(const Value& value, std::vector<T>& out) const {
  out.clear();
  for (const auto& item : value.items(least)) {
    const auto* text = item.scalar();
    if (!text) continue;
    auto parsed = parse(*text);
    if (!parsed)
      item.fault(parsed.error().detail);
    else if (std::ranges::find(out, *parsed) != out.end())
      item.wrong(given_twice(*text, spelled, to_string(*parsed)));
    else
      out.push_back(*std::move(parsed));
  }
}

template <class T>
std::string ListForm<T>::text(const std::vector<T>& items) const {
  std::vector<std::string> texts;
  std::ranges::transform(items, std::back_inserter(texts), [](const T& item) { return yaml_text(to_string(item)); });
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

template struct ListForm<SocketAddress>;
template struct ListForm<AddressPrefix>;
template struct ListForm<IpAddress>;
template struct ListForm<std::string>;

std::string LoopbackForm::allowed() const {
  return fmt::format("a loopback address such as \"127.0.0.1:{}\", or \"\" for none", default_port);
}

void LoopbackForm::read(const Value& value, std::optional<SocketAddress>& out) const {
  const auto* text = value.scalar();
  if (!text) return;
  if (text->empty()) {
    out.reset();
    return;
  }
  auto address = parse_socket_address(*text, default_port);
  // A link-local address lacks its interface here, but advice to add it would not help: with it the address is no
  // loopback address either.
  if (address ? !address->address.is_loopback() : is_bare_link_local(*text))
    value.wrong("is no loopback address");
  else if (!address)
    value.fault(address.error().detail);
  else
    out = *std::move(address);
}

std::string LoopbackForm::text(const std::optional<SocketAddress>& address) const {
  return yaml_text(address ? to_string(*address) : std::string());
}

Result<SocketAddress> listen_address(std::string_view text) { return parse_socket_address(text, 53); }
Result<SocketAddress> https_address(std::string_view text) { return parse_socket_address(text, 443); }
Result<SocketAddress> tls_address(std::string_view text) { return parse_socket_address(text, 853); }
Result<SocketAddress> server_address(std::string_view text) { return parse_server_address(text, 53); }

Result<std::string> zone_but_root(std::string_view text, std::string_view instead) {
  auto zone = parse_zone(text);
  if (zone && *zone == ".")
    return fail(Fault::invalid_config, fmt::format("the root covers every name, allowed: zones below it{}", instead));
  return zone;
}

Result<std::string> zone_below_root(std::string_view text) { return zone_but_root(text, ""); }
Result<std::string> zone_to_trust(std::string_view text) {
  return zone_but_root(text, " (`protect: false` lets all names pass)");
}

Result<std::string> machine_name(std::string_view text) {
  auto name = parse_zone(text);
  if (!name || *name == "." || text.contains('*') || IpAddress::from_text(text))
    return fail(Fault::invalid_config, fmt::format("{} is no name of a machine", quotation(text)));
  return name;
}

Result<IpAddress> machine_address(std::string_view text) {
  auto address = parse_host_address(text);
  if (address ? !is_one_machine(*address) : !address_before_interface(text))
    return fail(Fault::invalid_config, fmt::format("{} is no IP address{}, allowed: {}", quotation(text),
                                                   address ? " of a machine" : "", machine_addresses));
  return address;
}

}  // namespace tacet
