#include "dns/designation.hpp"

#include <string_view>

#include "dns/svcb.hpp"

namespace tacet {
namespace {

/// It changes with the certificates and with the configuration.
constexpr std::uint32_t designation_ttl = 300;

void append16(std::vector<std::uint8_t>& rdata, std::size_t value) {
  rdata.push_back(static_cast<std::uint8_t>(value >> 8));
  rdata.push_back(static_cast<std::uint8_t>(value));
}

void append_parameter(std::vector<std::uint8_t>& rdata, std::uint16_t key, Bytes value) {
  append16(rdata, key);
  append16(rdata, value.size());
  rdata.insert(rdata.end(), value.begin(), value.end());
}

Bytes octets_of(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

}  // namespace

const Name& designation_name() {
  static const Name name = Name::from_text("_dns.resolver.arpa").value();
  return name;
}

LocalRecord designation_record(const DesignatedResolver& resolver, std::uint16_t priority) {
  LocalRecord record{designation_name(), Type::svcb, designation_ttl, {}};
  auto& rdata = record.rdata;
  append16(rdata, priority);
  const Bytes target = resolver.target.wire();
  rdata.insert(rdata.end(), target.begin(), target.end());
  append_parameter(rdata, svc_param::alpn, octets_of(resolver.is_https ? "\2h2" : "\3dot"));
  std::vector<std::uint8_t> port;
  append16(port, resolver.port);
  append_parameter(rdata, svc_param::port, port);
  append_parameter(rdata, resolver.address.size() == 4 ? svc_param::ipv4hint : svc_param::ipv6hint, resolver.address);
  if (resolver.is_https) append_parameter(rdata, svc_param::dohpath, octets_of("/dns-query{?dns}"));
  return record;
}

}  // namespace tacet
