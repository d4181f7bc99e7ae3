#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tacet/name.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// RCODEs (RFC 1035 §4.1.1, RFC 6891 §9). Values above 15 need EDNS.
enum class Rcode : std::uint16_t {
  noerror = 0,
  formerr = 1,
  servfail = 2,
  nxdomain = 3,
  notimp = 4,
  refused = 5,
  badvers = 16,
};
/// "NOERROR", "NXDOMAIN"…; "RCODE17" for one without a name.
std::string to_string(Rcode rcode);

/// RR types that code here must know by name (IANA registry); any other value passes through unharmed (RFC 3597).
enum class Type : std::uint16_t {
  a = 1,
  ns = 2,
  md = 3,
  mf = 4,
  cname = 5,
  soa = 6,
  mb = 7,
  mg = 8,
  mr = 9,
  ptr = 12,
  minfo = 14,
  mx = 15,
  txt = 16,
  rp = 17,
  afsdb = 18,
  rt = 21,
  sig = 24,
  px = 26,
  aaaa = 28,
  nxt = 30,
  srv = 33,
  naptr = 35,
  kx = 36,
  dname = 39,
  opt = 41,
  ds = 43,
  rrsig = 46,
  nsec = 47,
  dnskey = 48,
  nsec3 = 50,
  nsec3param = 51,
  svcb = 64,
  https = 65,
  tkey = 249,
  tsig = 250,
  ixfr = 251,
  axfr = 252,
  mailb = 253,
  maila = 254,
  any = 255,
};
/// "AAAA", "HTTPS"…; "TYPE1234" for one without a name here.
std::string to_string(Type type);
/// Accepts mnemonics in any case and TYPEnnn (RFC 3597 §5).
std::optional<Type> type_from_text(std::string_view text);

/// The class of a record, by its number (RFC 1035 §3.2.4); `none` and `any` are of updates and questions.
enum class Class : std::uint16_t { in = 1, ch = 3, hs = 4, none = 254, any = 255 };

/// The parts of a message that hold records (RFC 1035 §4.1), in their order.
enum class Section : std::uint8_t { answer, authority, additional };

/// What is asked (RFC 1035 §4.1.2).
struct Question {
  Name name;
  Type type = Type::a;
  Class qclass = Class::in;
  friend bool operator==(const Question&, const Question&) = default;
};

/// Header bits (RFC 1035 §4.1.1, RFC 4035 §3) in the 16-bit flags word.
namespace flag {
inline constexpr std::uint16_t qr = 0x8000, aa = 0x0400, tc = 0x0200, rd = 0x0100, ra = 0x0080, z = 0x0040, ad = 0x0020,
                               cd = 0x0010;
inline constexpr std::uint16_t opcode_mask = 0x7800, rcode_mask = 0x000F;
}  // namespace flag

/// The OPT record of a message (RFC 6891 §6.1), all numbers decoded.
struct Edns {
  std::uint16_t udp_size = 512;
  std::uint8_t extended_rcode = 0;  ///< upper eight bits of the RCODE
  std::uint8_t version = 0;
  bool dnssec_ok = false;    ///< the DO bit
  std::uint16_t begins = 0;  ///< offset of the OPT record's owner name
  std::uint16_t ends = 0;    ///< offset behind its last octet; its options are [begins + 11, ends)
};

/// Where the parts of a wire message lie. One bounds-checked pass makes it without allocation; plain data.
struct MessageIndex {
  std::uint16_t id = 0;
  std::uint16_t flags = 0;
  std::uint16_t answers = 0, authorities = 0, additionals = 0;  ///< record counts as in the header
  std::uint16_t question_ends = 0;  ///< offset behind the question: the QNAME is [12, question_ends - 4)
  Type type = Type::a;              ///< QTYPE
  Class qclass = Class::in;         ///< QCLASS
  bool has_edns = false;
  Edns edns{};
  std::uint32_t minimal_ttl = 0xFFFFFFFF;  ///< over all records except OPT, seconds; all ones if there is none

  bool has(std::uint16_t bit) const { return (flags & bit) != 0; }
  Rcode rcode() const { return static_cast<Rcode>((edns.extended_rcode << 4) | (flags & flag::rcode_mask)); }
  bool dnssec_ok() const { return has_edns && edns.dnssec_ok; }
};

/// Indexes a whole message: header, exactly one question without compression, every record of the three sections, and
/// no octets behind them. Checks owner names, RDATA lengths, the names and fixed sizes inside the RDATA of known types,
/// and at most one OPT (root-owned, in the additional section). At most 65535 octets. Fault::malformed if the message
/// breaks a rule.
Result<MessageIndex> index_message(Bytes wire);

/// One record of a message that index_message() has accepted.
struct ResourceRecord {
  Section section = Section::answer;
  std::uint16_t owner = 0;  ///< offset of the owner name (may be compressed)
  Type type = Type::a;
  Class rclass = Class::in;
  std::uint32_t ttl = 0;     ///< seconds; a value with the top bit set counts as 0 (RFC 2181 §8)
  std::uint16_t ttl_at = 0;  ///< offset of the TTL field
  std::uint16_t rdata = 0;   ///< offset of the RDATA
  std::uint16_t rdata_size = 0;
};

/// An immutable message: its wire octets and their index.
class Message {
public:
  Message() = default;

  /// Takes the octets and indexes them. Fault::malformed as index_message says.
  static Result<Message> parse(std::vector<std::uint8_t> wire);

  /// As parse(), for a server's message: cuts off octets behind the last record.
  static Result<Message> parse_answer(std::vector<std::uint8_t> wire);

  Bytes wire() const { return wire_; }
  const MessageIndex& index() const { return index_; }
  std::uint16_t id() const { return index_.id; }
  Rcode rcode() const { return index_.rcode(); }
  Question question() const;
  /// Decodes the records in order; for the slow path (it allocates).
  std::vector<ResourceRecord> records() const;
  /// The possibly compressed name at `offset` of this message, which an index pass must have checked.
  Name name_at(std::uint16_t offset) const;
  /// The RDATA octets of one of this message's records.
  Bytes rdata(const ResourceRecord& record) const { return wire().subspan(record.rdata, record.rdata_size); }

private:
  std::vector<std::uint8_t> wire_;
  MessageIndex index_;
};

}  // namespace tacet
