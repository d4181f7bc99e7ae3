#include <arpa/inet.h>

#include <string>

#include "dns/svcb.hpp"
#include "fuzz/property.hpp"
#include "resolve/rebind.hpp"

using namespace tacet;
using namespace tacet::fuzz;

namespace {

/// Another way to say what is private: by the address as text.
bool reads_private(Bytes address) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(address.size() == 4 ? AF_INET : AF_INET6, address.data(), text, sizeof text);
  const std::string_view words(text);
  for (const std::string_view begins : {"10.", "127.", "192.168.", "169.254.", "0.", "fe80:", "fd"})
    if (words.starts_with(begins) && (begins != "fd" || words.find(':') == 4)) return true;
  // What is mapped into IPv6 is written with dots; ::ffff:0:0:1 lies elsewhere.
  if (words.starts_with("::ffff:") && words.find('.') != words.npos) return true;
  return words == "::" || words == "::1" || words == "255.255.255.255";
}

void require_public(Bytes addresses, std::size_t size) {
  for (std::size_t at = 0; at + size <= addresses.size(); at += size)
    require(!reads_private(addresses.subspan(at, size)), "no address leads inside");
}

void check_record(const Message& message, const ResourceRecord& record) {
  if (record.rclass != Class::in || record.section == Section::authority) return;
  const Bytes rdata = message.rdata(record);
  if (record.type == Type::a || record.type == Type::aaaa) require_public(rdata, rdata.size());
  if (record.type != Type::https && record.type != Type::svcb) return;
  const Result<ServiceBinding> binding = parse_service_binding(rdata);
  require(binding.has_value(), "no binding passes that cannot be read");
  for (const auto& [key, value] : binding->parameters) {
    if (key == svc_param::ipv4hint) require_public(value, 4);
    if (key == svc_param::ipv6hint) require_public(value, 16);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const Result<Message> response = Message::parse(copy_of({octets, size}));
  if (!response) return 0;
  const AnswerImage before = make_image(*response, true);
  AnswerImage image = before;
  const bool refused = RebindGuard(RebindConfig{.protect = true}).refuse(image);
  const Message judged = Message::parse(copy_of(image.wire)).value();
  require(judged.question() == Message::parse(copy_of(before.wire)).value().question(), "the question stays");
  require(image.ttl_offsets.size() == judged.records().size(), "every TTL's place is known");
  require(!refused || (image.kind == AnswerKind::nodata && image.ttl <= before.ttl), "a refusal holds no longer");
  for (const ResourceRecord& record : judged.records()) check_record(judged, record);
  AnswerImage allowed = before;
  require(!RebindGuard(RebindConfig{.protect = true, .allow = {"."}}).refuse(allowed) && allowed.wire == before.wire,
          "allowed names' answers stay as they are");
  return 0;
}
