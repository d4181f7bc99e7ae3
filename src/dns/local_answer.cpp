#include "dns/local_answer.hpp"

#include <algorithm>

#include "dns/message_builder.hpp"
#include "dns/record_walk.hpp"

namespace tacet {
namespace {

constexpr std::uint32_t soa_serial = 1, soa_refresh = 3600, soa_retry = 1200, soa_expire = 604800, soa_minimum = 10800;
constexpr std::uint8_t nobody_invalid[] = {6, 'n', 'o', 'b', 'o', 'd', 'y', 7, 'i', 'n', 'v', 'a', 'l', 'i', 'd', 0};

std::vector<std::uint8_t> copied(Bytes octets) { return {octets.begin(), octets.end()}; }

void append(std::vector<std::uint8_t>& rdata, std::uint32_t value) {
  const std::size_t at = rdata.size();
  rdata.resize(at + 4);
  store32(rdata, at, value);
}

AnswerKind kind_of(Rcode rcode, bool answered) {
  if (rcode == Rcode::nxdomain) return AnswerKind::nxdomain;
  if (rcode != Rcode::noerror) return AnswerKind::failure;
  return answered ? AnswerKind::positive : AnswerKind::nodata;
}

void write(MessageBuilder& builder, const LocalRecord& record, Section section, Class rclass) {
  builder.begin_record(
      {.section = section, .owner = record.owner, .type = record.type, .rclass = rclass, .ttl = record.ttl});
  builder.octets(record.rdata);
  builder.end_record();
}

}  // namespace

LocalRecord a_record(const Name& owner, std::uint32_t ttl, std::span<const std::uint8_t, 4> address) {
  return {owner, Type::a, ttl, copied(address)};
}

LocalRecord aaaa_record(const Name& owner, std::uint32_t ttl, std::span<const std::uint8_t, 16> address) {
  return {owner, Type::aaaa, ttl, copied(address)};
}

LocalRecord ptr_record(const Name& owner, std::uint32_t ttl, const Name& target) {
  return {owner, Type::ptr, ttl, copied(target.wire())};
}

LocalRecord ns_record(const Name& owner, std::uint32_t ttl, const Name& server) {
  return {owner, Type::ns, ttl, copied(server.wire())};
}

LocalRecord cname_record(const Name& owner, std::uint32_t ttl, const Name& target) {
  return {owner, Type::cname, ttl, copied(target.wire())};
}

LocalRecord txt_record(const Name& owner, std::uint32_t ttl, std::string_view text) {
  constexpr std::size_t max_string = 255;
  LocalRecord record{owner, Type::txt, ttl, {}};
  do {
    const std::string_view string = text.substr(0, max_string);
    record.rdata.push_back(static_cast<std::uint8_t>(string.size()));
    record.rdata.insert(record.rdata.end(), string.begin(), string.end());
    text.remove_prefix(string.size());
  } while (!text.empty());
  return record;
}

LocalRecord local_zone_soa(const Name& zone) {
  LocalRecord record{zone, Type::soa, soa_minimum, copied(zone.wire())};
  record.rdata.insert(record.rdata.end(), std::begin(nobody_invalid), std::end(nobody_invalid));
  for (const std::uint32_t value : {soa_serial, soa_refresh, soa_retry, soa_expire, soa_minimum})
    append(record.rdata, value);
  return record;
}

AnswerImage local_answer(const Question& question, Rcode rcode, std::span<const LocalRecord> answers,
                         const std::optional<LocalRecord>& authority) {
  MessageBuilder builder(question);
  for (const LocalRecord& record : answers) write(builder, record, Section::answer, question.qclass);
  if (authority) write(builder, *authority, Section::authority, question.qclass);
  AnswerImage image;
  const bool decided = rcode == Rcode::noerror || rcode == Rcode::nxdomain;
  const auto authority_bit = decided ? flag::aa : std::uint16_t{0};
  image.wire =
      builder.finish(static_cast<std::uint16_t>(flag::qr | flag::ra | authority_bit | static_cast<unsigned>(rcode)));
  image.kind = kind_of(rcode, !answers.empty());
  const MessageIndex index = index_message(image.wire).value();
  for_each_record(image.wire, index, [&](const ResourceRecord& record) { image.ttl_offsets.push_back(record.ttl_at); });
  image.ttl = image.ttl_offsets.empty() ? 0 : index.minimal_ttl;
  return image;
}

}  // namespace tacet
