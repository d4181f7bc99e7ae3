#include "resolve/rebind.hpp"

#include <algorithm>
#include <array>

#include "dns/edns.hpp"
#include "dns/local_answer.hpp"
#include "dns/record_walk.hpp"
#include "dns/svcb.hpp"

namespace tacet {
namespace {

constexpr std::size_t ipv4_size = 4, ipv6_size = 16;

struct Prefix {
  std::array<std::uint8_t, ipv6_size> octets;
  unsigned bits;
};

bool starts_with(Bytes address, const Prefix& prefix) {
  const std::size_t whole = prefix.bits / 8;
  if (!std::ranges::equal(address.first(whole), Bytes(prefix.octets).first(whole))) return false;
  const unsigned rest = prefix.bits % 8;
  return rest == 0 || ((address[whole] ^ prefix.octets[whole]) >> (8 - rest)) == 0;
}

constexpr std::array<Prefix, 8> private_ipv4{{
    {{0}, 8},          // "this network"; 0.0.0.0 reaches the machine itself
    {{10}, 8},         // RFC 1918
    {{100, 64}, 10},   // RFC 6598
    {{127}, 8},        // loopback
    {{169, 254}, 16},  // RFC 3927
    {{172, 16}, 12},   // RFC 1918
    {{192, 168}, 16},  // RFC 1918
    {{255, 255, 255, 255}, 32},
}};

constexpr std::array<Prefix, 5> private_ipv6{{
    {{0}, 96},                                         // unspecified, loopback, IPv4-compatible
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, 96},  // IPv4-mapped
    {{0xFC}, 7},                                       // RFC 4193
    {{0xFE, 0x80}, 10},                                // link-local
    {{0xFE, 0xC0}, 10},                                // site-local, deprecated but routed still
}};

constexpr std::array<Prefix, 2> own_ipv4{{{{0}, 8}, {{127}, 8}}};
constexpr Prefix own_ipv6{{0}, 96};

constexpr Prefix well_known_translation{{0x00, 0x64, 0xFF, 0x9B}, 96};  // RFC 6052 §2.1
constexpr Prefix six_to_four{{0x20, 0x02}, 16};                         // RFC 3056 §2

/// True if a hint's list of addresses holds a private one, or is malformed.
bool leads_inside(std::optional<Bytes> hint, std::size_t size, bool (*is_private)(Bytes)) {
  if (!hint) return false;
  if (hint->empty() || hint->size() % size != 0) return true;
  for (std::size_t at = 0; at < hint->size(); at += size)
    if (is_private(hint->subspan(at, size))) return true;
  return false;
}

bool binding_leads_inside(Bytes rdata) {
  const Result<ServiceBinding> binding = parse_service_binding(rdata);
  if (!binding) return true;  // a client may understand more of it than we do
  return leads_inside(binding->find(svc_param::ipv4hint), ipv4_size, is_private_ipv4) ||
         leads_inside(binding->find(svc_param::ipv6hint), ipv6_size, is_private_ipv6);
}

bool leads_inside(const ResourceRecord& record, Bytes rdata) {
  if (record.rclass != Class::in) return false;
  if (record.type == Type::a) return is_private_ipv4(rdata);
  if (record.type == Type::aaaa) return is_private_ipv6(rdata);
  return (record.type == Type::https || record.type == Type::svcb) && binding_leads_inside(rdata);
}

Question question_of(Bytes wire, const MessageIndex& index) {
  return {Name::from_checked_wire(wire.subspan(header_size, index.question_ends - header_size - 4U)), index.type,
          index.qclass};
}

AnswerImage refusal(const Question& question, std::uint32_t ttl) {
  LocalRecord soa = local_zone_soa(question.name);
  soa.ttl = ttl;
  AnswerImage image = local_answer(question, Rcode::noerror, {}, soa);
  // No authority said so, so AA is clear. The negative answer must not live longer than the answer that it replaces.
  store16(image.wire, 2, static_cast<std::uint16_t>(load16(image.wire, 2) & ~flag::aa));
  image.extended_error = ExtendedError{ede::blocked, "a private address for a public name"};
  return image;
}

/// Leaves out the additional section. It is the last section, so no other record points into it.
void cut_additional(AnswerImage& image, std::size_t begins) {
  image.wire.resize(begins);
  store16(image.wire, 10, 0);
  std::erase_if(image.ttl_offsets, [begins](std::uint16_t at) { return at >= begins; });
}

}  // namespace

bool is_private_ipv4(Bytes address) {
  return std::ranges::any_of(private_ipv4, [address](const Prefix& prefix) { return starts_with(address, prefix); });
}

bool is_private_ipv6(Bytes address) {
  if (starts_with(address, well_known_translation)) return is_private_ipv4(address.subspan(12, ipv4_size));
  if (starts_with(address, six_to_four)) return is_private_ipv4(address.subspan(2, ipv4_size));
  return std::ranges::any_of(private_ipv6, [address](const Prefix& prefix) { return starts_with(address, prefix); });
}

RebindGuard::RebindGuard(const RebindConfig& config) : protects_(config.protect) {
  for (const std::string& zone : config.allow)
    if (const auto name = Name::from_text(zone)) allowed_.push_back(*name);
}

bool RebindGuard::allows(const Name& name) const {
  return std::ranges::any_of(allowed_, [&](const Name& zone) { return name.under(zone); });
}

bool RebindGuard::refuse(AnswerImage& image) const {
  if (!protects_) return false;
  const MessageIndex index = index_message(image.wire).value();
  bool answered = false, added = false;
  std::size_t additional = image.wire.size();
  for_each_record(image.wire, index, [&](const ResourceRecord& record) {
    const bool is_additional = record.section == Section::additional;
    if (is_additional) additional = std::min<std::size_t>(additional, record.owner);
    if (!leads_inside(record, Bytes(image.wire).subspan(record.rdata, record.rdata_size))) return;
    (is_additional ? added : answered) = true;
  });
  if (!answered && !added) return false;
  const Question question = question_of(image.wire, index);
  if (allows(question.name)) return false;
  if (answered)
    image = refusal(question, image.ttl);
  else
    cut_additional(image, additional);
  return answered;
}

bool RebindGuard::refuse_own(AnswerImage& image, const Name& asked) const {
  if (!protects_ || allows(asked)) return false;
  const MessageIndex index = index_message(image.wire).value();
  bool own = false;
  for_each_record(image.wire, index, [&](const ResourceRecord& record) {
    const Bytes address = Bytes(image.wire).subspan(record.rdata, record.rdata_size);
    if (record.type == Type::a)
      own = own || std::ranges::any_of(own_ipv4, [&](const Prefix& prefix) { return starts_with(address, prefix); });
    if (record.type == Type::aaaa) own = own || starts_with(address, own_ipv6);
  });
  if (own) image = refusal(question_of(image.wire, index), image.ttl);
  return own;
}

}  // namespace tacet
