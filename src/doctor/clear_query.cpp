#include "doctor/clear_query.hpp"

#include <fmt/format.h>

#include <array>

#include "dns/edns.hpp"
#include "dns/wire.hpp"

namespace tacet {
namespace {

std::string_view class_prefix(Class qclass) { return qclass == Class::ch ? "CH " : ""; }

}  // namespace

std::vector<std::uint8_t> wire_of(const ClearQuery& query, std::uint16_t id) {
  std::array<std::uint8_t, 512> buffer{};
  WireWriter out(buffer);
  const bool with_opt = query.dnssec || query.nsid;
  out.u16(id);
  out.u16(flag::rd);
  out.u16(1);
  out.u32(0);
  out.u16(with_opt ? 1 : 0);
  out.bytes(query.question.name.wire());
  out.u16(static_cast<std::uint16_t>(query.question.type));
  out.u16(static_cast<std::uint16_t>(query.question.qclass));
  if (with_opt) write_opt(out, Rcode::noerror, query.dnssec, query.nsid ? 4 : 0);
  if (query.nsid) {
    out.u16(option::nsid);
    out.u16(0);
  }
  return {buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(out.size())};
}

std::string to_string(const ClearQuery& query) {
  return fmt::format("{} to {}: {} {}{}{}{}", query.transport == PlainTransport::udp ? "UDP" : "TCP",
                     to_string(query.server), query.question.name.to_string(), class_prefix(query.question.qclass),
                     to_string(query.question.type), query.dnssec ? ", DO" : "", query.nsid ? ", NSID" : "");
}

}  // namespace tacet
