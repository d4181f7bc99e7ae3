#include "resolve/policy.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "dns/local_answer.hpp"
#include "dns/wire.hpp"

namespace tacet {
namespace {

enum class Treatment : std::uint8_t {
  localhost,    ///< resolves to the loopback addresses (RFC 6761 §6.3)
  nonexistent,  ///< NXDOMAIN for the zone's own name and all below
  empty_zone,   ///< the zone exists and holds only its SOA and NS (RFC 6303 §3)
  home,         ///< as empty_zone, but the parent answers DS at the cut (RFC 8375 §4)
  no_data,      ///< as empty_zone, but each name below exists and is empty as well (RFC 9462 §4)
};

struct SpecialZone {
  Name name;
  Treatment treatment;
  std::string_view reason;
};

Name name_of(std::string_view text) { return Name::from_text(text).value(); }

std::vector<SpecialZone> make_zones() {
  std::vector<SpecialZone> zones;
  const auto add = [&zones](std::string_view text, Treatment treatment, std::string_view reason) {
    zones.push_back({name_of(text), treatment, reason});
  };
  add("localhost", Treatment::localhost, "is this machine (RFC 6761)");
  add("invalid", Treatment::nonexistent, "never exists (RFC 6761)");
  add("test", Treatment::nonexistent, "is reserved for testing (RFC 6761)");
  add("onion", Treatment::nonexistent, "is Tor's, and resolvers must not look it up (RFC 7686)");
  add("local", Treatment::nonexistent, "is multicast DNS's (RFC 6762)");
  add("internal", Treatment::nonexistent, "is reserved for private use by ICANN");
  add("alt", Treatment::nonexistent, "is for names outside DNS (RFC 9476)");
  add("use-application-dns.net", Treatment::nonexistent, "asks browsers not to go around this resolver");
  add("home.arpa", Treatment::home, "is the home network's (RFC 8375)");
  add("service.arpa", Treatment::home, "is for the services of the local network (RFC 9665)");
  add("resolver.arpa", Treatment::no_data, "is about this resolver, and never forwarded (RFC 9462)");
  // RFC 6303 §4 and RFC 7793: reverse zones of addresses that mean nothing outside.
  const auto add_reverse = [&add](std::string_view zone) {
    add(zone, Treatment::empty_zone, "is for addresses that mean nothing outside this network (RFC 6303, 7793)");
  };
  for (const auto* zone : {"0.in-addr.arpa", "10.in-addr.arpa", "127.in-addr.arpa", "254.169.in-addr.arpa",
                           "2.0.192.in-addr.arpa", "100.51.198.in-addr.arpa", "113.0.203.in-addr.arpa",
                           "255.255.255.255.in-addr.arpa", "168.192.in-addr.arpa", "d.f.ip6.arpa", "8.e.f.ip6.arpa",
                           "9.e.f.ip6.arpa", "a.e.f.ip6.arpa", "b.e.f.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa"})
    add_reverse(zone);
  for (int net = 16; net < 32; ++net) add_reverse(std::to_string(net) + ".172.in-addr.arpa");
  for (int net = 64; net < 128; ++net) add_reverse(std::to_string(net) + ".100.in-addr.arpa");
  std::string zeros;
  for (int i = 0; i < 31; ++i) zeros += "0.";
  add_reverse("0." + zeros + "ip6.arpa");
  add_reverse("1." + zeros + "ip6.arpa");
  return zones;
}

const std::vector<SpecialZone>& zones() {
  static const std::vector<SpecialZone> all = make_zones();
  return all;
}

const SpecialZone* zone_of(const Name& name) {
  const auto found = std::ranges::find_if(zones(), [&](const SpecialZone& zone) { return name.under(zone.name); });
  return found == zones().end() ? nullptr : &*found;
}

constexpr std::size_t canary_size = 25;  // of use-application-dns.net in wire form

constexpr std::uint32_t local_ttl = 10800;

/// True for the reverse names of the loopback addresses: 1.0.0.127.in-addr.arpa and that of ::1.
bool is_loopback_reverse(const Name& name) {
  static const Name v4 = name_of("1.0.0.127.in-addr.arpa");
  static const Name v6 = name_of("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa");
  return name == v4 || name == v6;
}

AnswerImage localhost_answer(const Question& question, const Name& zone) {
  std::vector<LocalRecord> answers;
  const bool any = question.type == Type::any;
  if (any || question.type == Type::a)
    answers.push_back(a_record(question.name, local_ttl, std::array<std::uint8_t, 4>{127, 0, 0, 1}));
  if (any || question.type == Type::aaaa) {
    std::array<std::uint8_t, 16> loopback{};
    loopback.back() = 1;
    answers.push_back(aaaa_record(question.name, local_ttl, loopback));
  }
  if (answers.empty()) return local_answer(question, Rcode::noerror, {}, local_zone_soa(zone));
  return local_answer(question, Rcode::noerror, answers);
}

AnswerImage empty_zone_answer(const Question& question, const Name& zone) {
  if (is_loopback_reverse(question.name)) {
    if (question.type != Type::ptr && question.type != Type::any)
      return local_answer(question, Rcode::noerror, {}, local_zone_soa(zone));
    const std::array answers{ptr_record(question.name, local_ttl, name_of("localhost"))};
    return local_answer(question, Rcode::noerror, answers);
  }
  if (question.name == zone) {
    const bool any = question.type == Type::any;
    std::vector<LocalRecord> apex;
    if (any || question.type == Type::soa) apex.push_back(local_zone_soa(zone));
    if (any || question.type == Type::ns) apex.push_back(ns_record(zone, local_ttl, zone));
    if (!apex.empty()) return local_answer(question, Rcode::noerror, apex);
  }
  // At the zone's own name and above the loopback names something exists: NODATA, not NXDOMAIN (RFC 8020).
  static const Name v4 = name_of("1.0.0.127.in-addr.arpa");
  const bool exists = question.name == zone || v4.under(question.name);
  return local_answer(question, exists ? Rcode::noerror : Rcode::nxdomain, {}, local_zone_soa(zone));
}

/// RFC 9462 §4: a resolver without designated resolvers answers NODATA for every name in the zone.
AnswerImage no_data_answer(const Question& question, const Name& zone) {
  if (question.name == zone) return empty_zone_answer(question, zone);
  return local_answer(question, Rcode::noerror, {}, local_zone_soa(zone));
}

/// True for the types that look up hosts. Host names of one label belong to the local network; other types (NS, SOA,
/// DS) concern the root itself.
bool is_host_lookup(Type type) {
  return type == Type::a || type == Type::aaaa || type == Type::https || type == Type::svcb;
}

/// True if a label can be the name of a top-level domain, now or later: two or more letters, or an A-label (RFC 1123
/// §2.1, ICANN's rules for applicants). Labels with digits, hyphens or underscores are no such names.
bool may_be_top_level(Bytes label) {
  const auto is_letter = [](std::uint8_t octet) { return fold(octet) >= 'a' && fold(octet) <= 'z'; };
  constexpr std::string_view a_label = "xn--";
  if (label.size() > a_label.size() && equal_folded(chars_of(label.first(a_label.size())), a_label)) return true;
  return label.size() >= 2 && std::ranges::all_of(label, is_letter);
}

/// We must not say that a top-level domain does not exist: that would end all its names (RFC 8020). A label that can be
/// no top-level domain does not exist. The SOA is the root's, because one of the domain's own would contradict the true
/// one. AA is clear, because no authority said so.
AnswerImage one_label_answer(const Question& question) {
  const Bytes name = question.name.wire();
  const bool exists = may_be_top_level(name.subspan(1, name[0]));
  AnswerImage image = local_answer(question, exists ? Rcode::noerror : Rcode::nxdomain, {}, local_zone_soa(Name{}));
  store16(image.wire, 2, static_cast<std::uint16_t>(load16(image.wire, 2) & ~flag::aa));
  return image;
}

AnswerImage chaos_answer(const Question& question) {
  static const Name version = name_of("version.bind");
  static const Name server_version = name_of("version.server");
  const bool asks_version = question.name == version || question.name == server_version;
  const std::array answers{txt_record(question.name, 0, asks_version ? "tacet " TACET_VERSION : "tacet")};
  return local_answer(question, Rcode::noerror, answers);
}

/// Names that ask which server this is.
bool is_identity_name(const Name& name) {
  static const std::array names{name_of("id.server"), name_of("hostname.bind")};
  return std::ranges::find(names, name) != names.end();
}

bool is_chaos_name(const Name& name) {
  static const std::array names{name_of("version.bind"), name_of("version.server"), name_of("id.server"),
                                name_of("hostname.bind")};
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

bool Policy::might_answer(Bytes qname, Type, Class qclass) const {
  if (qclass != Class::in || qname.size() < 3) return true;
  // The last label decides: everything special ends in one of these, or has only one label.
  std::size_t last = 0;
  std::size_t labels = 0;
  for (std::size_t at = 0; qname[at] != 0; at += qname[at] + 1U, ++labels) last = at;
  if (labels == 1) return true;
  const std::size_t size = qname[last];
  const auto first = fold(qname[last + 1]);
  switch (size) {
    case 3:  // alt, and the canary
      if (first == 'a') return fold(qname[last + 2]) == 'l';
      return first == 'n' && qname.size() >= canary_size && fold(qname[qname.size() - canary_size + 1]) == 'u';
    case 4:
      return first == 't' || first == 'a';  // test, arpa
    case 5:
      return first == 'o' || first == 'l';  // onion, local
    case 7:
      return first == 'i';  // invalid
    case 8:
      return first == 'i';  // internal
    case 9:
      return first == 'l';  // localhost
    default:
      return false;
  }
}

std::optional<AnswerImage> Policy::local_answer(const Question& question, Client client) const {
  if (question.qclass == Class::ch) {
    if (!nsid_.empty() && question.type == Type::txt && is_identity_name(question.name))
      return tacet::local_answer(question, Rcode::noerror, std::array{txt_record(question.name, 0, nsid_)});
    if (answer_chaos_ && (question.type == Type::txt || question.type == Type::any) && is_chaos_name(question.name))
      return chaos_answer(question);
    return tacet::local_answer(question, Rcode::refused, {});
  }
  if (const SpecialZone* zone = zone_of(question.name)) {
    switch (zone->treatment) {
      case Treatment::localhost:
        return localhost_answer(question, zone->name);
      case Treatment::nonexistent:
        return tacet::local_answer(question, Rcode::nxdomain, {}, local_zone_soa(zone->name));
      case Treatment::home:
        if (question.type == Type::ds && question.name == zone->name) return std::nullopt;
        return empty_zone_answer(question, zone->name);
      case Treatment::empty_zone:
        return empty_zone_answer(question, zone->name);
      case Treatment::no_data:
        return no_data_answer(question, zone->name);
    }
  }
  if (client == Client::plain && question.name.label_count() == 1 && is_host_lookup(question.type))
    return one_label_answer(question);
  return std::nullopt;
}

std::optional<LocalRule> Policy::rule_for(const Question& question) const {
  if (!local_answer(question)) return std::nullopt;
  if (question.qclass == Class::ch) return LocalRule{Name{}, "is of class CH, which is about this resolver"};
  if (const SpecialZone* zone = zone_of(question.name)) return LocalRule{zone->name, zone->reason};
  return LocalRule{Name{}, "is a host name of one label, which only a local network can know"};
}

}  // namespace tacet
