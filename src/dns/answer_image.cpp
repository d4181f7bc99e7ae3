#include "dns/answer_image.hpp"

#include <algorithm>
#include <bitset>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>

#include "base/text.hpp"
#include "dns/message_builder.hpp"
#include "dns/record_copy.hpp"
#include "dns/record_walk.hpp"
#include "dns/referral.hpp"

namespace tacet {
namespace {

bool concerns_this_hop_only(const ResourceRecord& record, Bytes rdata) {
  if (record.type == Type::opt || record.type == Type::tsig) return true;
  return record.type == Type::sig && rdata.size() >= 2 && load16(rdata, 0) == 0;  // SIG(0), RFC 2931
}

bool authenticates(Type type) { return type == Type::rrsig || type == Type::nsec || type == Type::nsec3; }

/// Finds names that contain octets of a TTL. It walks the target of each pointer once: a hostile message can have
/// thousands of pointers to one long name.
class TtlSpelling {
public:
  TtlSpelling(Bytes wire, std::span<const ResourceRecord> records) : wire_(wire), records_(records) {}

  /// True if the name at `at` contains an octet of a TTL.
  bool found_at(std::size_t at) {
    for (;;) {
      const std::size_t octet = wire_[at];
      if (octet >= 0xC0) {
        if (meets_ttl(at, at + 2)) return true;
        at = load16(wire_, at) & 0x3FFFU;
        if (at == header_size || walked_.test(at)) return false;
        walked_.set(at);
        continue;
      }
      if (meets_ttl(at, at + octet + 1)) return true;
      if (octet == 0) return false;
      at += octet + 1;
    }
  }

private:
  bool meets_ttl(std::size_t begins, std::size_t ends) const {
    constexpr std::size_t ttl_size = 4;
    const auto next = std::ranges::upper_bound(records_, begins, {},
                                               [](const ResourceRecord& record) { return record.ttl_at + ttl_size; });
    return next != records_.end() && next->ttl_at < ends;
  }

  Bytes wire_;
  std::span<const ResourceRecord> records_;  // in their order
  std::bitset<0x4000> walked_;               // targets of pointers, walked and found clean
};

/// True if names contain octets of TTLs, which change from reply to reply. Pointers may lead anywhere, but only a
/// hostile server's lead to a place without a name.
bool names_run_through_ttls(Bytes wire, std::span<const ResourceRecord> records) {
  TtlSpelling ttl_spelling(wire, records);
  return std::ranges::any_of(records, [&](const ResourceRecord& record) {
    if (ttl_spelling.found_at(record.owner)) return true;
    const RdataShape shape = shape_of(record);
    std::size_t at = names_begin(wire, record, shape);
    for (int names = shape.names; names > 0; --names, at = skip_name(wire, at))
      if (ttl_spelling.found_at(at)) return true;
    return false;
  });
}

/// The records of an answer for the client, in their order.
std::vector<ResourceRecord> wanted(const Message& response, bool dnssec_ok) {
  const Type asked = response.index().type;
  std::vector<ResourceRecord> records;
  for_each_record(response.wire(), response.index(), [&](const ResourceRecord& record) {
    const bool unasked = !dnssec_ok && authenticates(record.type) && record.type != asked && asked != Type::any;
    if (!unasked && !concerns_this_hop_only(record, response.rdata(record))) records.push_back(record);
  });
  return records;
}

/// Checks if the records can be copied as they lie: dropped records stand behind them, and their names point only into
/// kept records. Returns the offset of their end; nothing if they cannot be copied.
std::optional<std::size_t> prefix_of(const Message& response, std::span<const ResourceRecord> kept) {
  std::size_t ends = response.wire().size();
  std::size_t met = 0;
  bool gap = false, is_prefix = true;
  for_each_record(response.wire(), response.index(), [&](const ResourceRecord& record) {
    const bool stays = met < kept.size() && kept[met].owner == record.owner;
    if (!stays && !gap) ends = record.owner;
    is_prefix = is_prefix && !(stays && gap);
    gap = gap || !stays;
    met += stays ? 1 : 0;
  });
  if (!is_prefix || names_run_through_ttls(response.wire(), kept)) return std::nullopt;
  return ends;
}

std::vector<std::uint8_t> rebuild(const Message& response, std::span<const ResourceRecord> kept) {
  MessageBuilder builder(response.question());
  for (const ResourceRecord& record : kept) {
    copy_record(builder, response.wire(), record);
    if (builder.too_large()) break;
  }
  return builder.finish(0);
}

std::vector<std::uint8_t> cut(const Message& response, std::size_t ends, std::span<const ResourceRecord> kept) {
  const Bytes prefix = response.wire().first(ends);
  std::vector<std::uint8_t> wire(prefix.begin(), prefix.end());
  std::uint16_t counts[3] = {};
  for (const ResourceRecord& record : kept) ++counts[static_cast<std::size_t>(record.section)];
  for (std::size_t section = 0; section < 3; ++section) store16(wire, 6 + 2 * section, counts[section]);
  return wire;
}

std::uint16_t image_flags(const MessageIndex& response) {
  const auto rcode = static_cast<std::uint16_t>(response.rcode());
  const bool extended = rcode > flag::rcode_mask;
  const auto kept = static_cast<std::uint16_t>(response.flags & (flag::tc | flag::ad));
  const auto shown = extended ? static_cast<std::uint16_t>(Rcode::servfail) : rcode;
  return static_cast<std::uint16_t>(flag::qr | flag::ra | kept | shown);
}

/// Numbers owner names, the same for names that differ only in case. It expands a name once for each place where the
/// name stands, because many records share one.
class OwnerNumbers {
public:
  explicit OwnerNumbers(Bytes wire) : wire_(wire) {}

  std::size_t of(const ResourceRecord& record) {
    const bool points = wire_[record.owner] >= 0xC0;
    const std::size_t place = points ? load16(wire_, record.owner) & 0x3FFFU : record.owner;
    const auto [known, is_new] = by_place_.try_emplace(place);
    if (!is_new) return known->second;
    std::string owner = lower_case(chars_of(expand_name(wire_, place).wire()));
    known->second = by_name_.try_emplace(std::move(owner), by_name_.size()).first->second;
    return known->second;
  }

private:
  Bytes wire_;
  std::unordered_map<std::size_t, std::size_t> by_place_;
  std::unordered_map<std::string, std::size_t> by_name_;
};

/// What makes records one RRset: owner, type and class; for RRSIG also the covered type.
using RrsetKey = std::tuple<std::size_t, Type, Class, unsigned>;
RrsetKey rrset_key(Bytes wire, const ResourceRecord& record, OwnerNumbers& owners) {
  const bool signs = record.type == Type::rrsig && record.rdata_size >= 2;
  return {owners.of(record), record.type, record.rclass, signs ? load16(wire, record.rdata) : 0U};
}

/// Gives the records of each RRset their lowest TTL (RFC 2181 §5.2).
void level_ttls(Bytes wire, std::span<ResourceRecord> records) {
  if (std::ranges::adjacent_find(records, std::ranges::not_equal_to{}, &ResourceRecord::ttl) == records.end()) return;
  OwnerNumbers owners(wire);
  std::map<RrsetKey, std::uint32_t> least;
  for (const ResourceRecord& record : records) {
    const auto [entry, added] = least.try_emplace(rrset_key(wire, record, owners), record.ttl);
    entry->second = std::min(entry->second, record.ttl);
  }
  for (ResourceRecord& record : records) record.ttl = least.at(rrset_key(wire, record, owners));
}

/// Lowers the TTL of each SOA of a negative answer to its MINIMUM (RFC 2308 §5). False if there is no SOA.
bool limit_to_minimum(Bytes wire, std::span<ResourceRecord> records) {
  bool found = false;
  for (ResourceRecord& record : records) {
    if (record.section != Section::authority || record.type != Type::soa || record.rclass != Class::in) continue;
    const std::size_t minimum_at = record.rdata + record.rdata_size - 4U;
    record.ttl = std::min(record.ttl, effective_ttl(load32(wire, minimum_at)));
    found = true;
  }
  return found;
}

/// The names that a question is about: its own, and the targets of CNAMEs in the answer, at most as many as are
/// followed.
std::vector<Name> names_asked(const Message& response, std::span<const ResourceRecord> records) {
  constexpr std::size_t most_names = 17;
  std::vector<Name> names{response.question().name};
  for (const ResourceRecord& record : records)
    if (record.section == Section::answer && record.type == Type::cname && names.size() < most_names)
      names.push_back(expand_name(response.wire(), record.rdata));
  return names;
}

/// A DNAME above the name in question stands there for the sake of its CNAME, and answers no question about DNAMEs.
bool has_dname(const Message& response, std::span<const ResourceRecord> records) {
  const std::vector<Name> names = names_asked(response, records);
  return std::ranges::any_of(records, [&](const ResourceRecord& record) {
    return record.section == Section::answer && record.type == Type::dname &&
           std::ranges::find(names, expand_name(response.wire(), record.owner)) != names.end();
  });
}

bool has_answer(const Message& response, std::span<const ResourceRecord> records) {
  const Type asked = response.index().type;
  if (asked == Type::dname) return has_dname(response, records);
  return std::ranges::any_of(records, [asked](const ResourceRecord& record) {
    return record.section == Section::answer && (record.type == asked || asked == Type::any);
  });
}

AnswerKind kind_of(const Message& response, std::span<const ResourceRecord> records) {
  const Rcode rcode = response.index().rcode();
  if (rcode == Rcode::nxdomain) return AnswerKind::nxdomain;
  if (rcode != Rcode::noerror) return AnswerKind::failure;
  return has_answer(response, records) ? AnswerKind::positive : AnswerKind::nodata;
}

/// True for the records that make up the answer. All others are extras that the server added.
bool is_of_answer(Bytes wire, const ResourceRecord& record, AnswerKind kind) {
  if (record.section == Section::answer) return true;
  if (record.section == Section::additional) return false;
  const bool signs = record.type == Type::rrsig && record.rdata_size >= 2;
  const Type type = signs ? static_cast<Type>(load16(wire, record.rdata)) : record.type;
  return type == Type::nsec || type == Type::nsec3 || (type == Type::soa && kind != AnswerKind::positive);
}

/// The result of settle().
struct Settled {
  AnswerKind kind;
  std::uint32_t ttl;  ///< as in AnswerImage
};

/// Settles the TTLs of an answer's records, and how long it may be kept: as long as the records that answer (RFC 2181
/// §5.2). Drops extras with a shorter TTL, because a later client would get them after their time.
Settled settle(const Message& response, std::vector<ResourceRecord>& records) {
  const Bytes wire = response.wire();
  Settled settled{kind_of(response, records), 0};
  level_ttls(wire, records);
  const bool negative = settled.kind == AnswerKind::nxdomain || settled.kind == AnswerKind::nodata;
  const bool storable = settled.kind == AnswerKind::positive || (negative && limit_to_minimum(wire, records));
  if (!storable || response.index().has(flag::tc)) return settled;
  std::optional<std::uint32_t> least;
  for (const ResourceRecord& record : records)
    if (is_of_answer(wire, record, settled.kind)) least = std::min(least.value_or(record.ttl), record.ttl);
  settled.ttl = least.value_or(0);
  std::erase_if(records, [&](const ResourceRecord& record) {
    return record.ttl < settled.ttl && !is_of_answer(wire, record, settled.kind);
  });
  return settled;
}

/// Writes the TTLs of records into their image, and notes their offsets.
void write_ttls(AnswerImage& image, const MessageIndex& index, std::span<const ResourceRecord> records) {
  std::size_t next = 0;
  for_each_record(image.wire, index, [&](const ResourceRecord& record) {
    store32(image.wire, record.ttl_at, records[next++].ttl);
    image.ttl_offsets.push_back(record.ttl_at);
  });
}

AnswerImage empty_failure(const Message& response) {
  AnswerImage image;
  image.wire =
      MessageBuilder(response.question()).finish(flag::qr | flag::ra | static_cast<std::uint16_t>(Rcode::servfail));
  return image;
}

/// The name may exist, but nobody here asks those who know. Without records: they would be no help to a client.
AnswerImage failure_by_referral(const Message& response) {
  AnswerImage image = empty_failure(response);
  image.extended_error = {ede::no_reachable_authority, "the server refers to others, and does not ask them itself"};
  return image;
}

}  // namespace

SecurityStatus weaker(SecurityStatus a, SecurityStatus b) {
  for (const auto status : {SecurityStatus::bogus, SecurityStatus::indeterminate, SecurityStatus::insecure})
    if (a == status || b == status) return status;
  return SecurityStatus::secure;
}

AnswerImage make_image(const Message& response, bool dnssec_ok) {
  if (is_referral(response)) return failure_by_referral(response);
  std::vector<ResourceRecord> records = wanted(response, dnssec_ok);
  const Settled settled = settle(response, records);
  const std::optional<std::size_t> prefix = prefix_of(response, records);
  AnswerImage image;
  image.wire = prefix ? cut(response, *prefix, records) : rebuild(response, records);
  store16(image.wire, 0, 0);
  store16(image.wire, 2, image_flags(response.index()));
  const Result<MessageIndex> index = index_message(image.wire);
  // A message that was valid only by a compression that we must not repeat can grow beyond 65535 octets.
  if (!index) return empty_failure(response);
  image.kind = settled.kind;
  image.ttl = settled.ttl;
  write_ttls(image, *index, records);
  image.extended_error = extended_error_of(response);
  return image;
}

}  // namespace tacet
