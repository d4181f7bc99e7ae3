#include <algorithm>
#include <array>
#include <map>

#include "dns/answer_image.hpp"
#include "dns/edns.hpp"
#include "dns/reply.hpp"
#include "fuzz/property.hpp"

using namespace tacet;
using namespace tacet::fuzz;

namespace {

using TtlsByOwner = std::map<std::pair<std::string, Type>, std::uint32_t>;

std::string folded(const Name& name) {
  std::string text;
  for (const std::uint8_t octet : name.wire()) text += static_cast<char>(fold(octet));
  return text;
}

/// The greatest TTL that a message has for each owner and type.
TtlsByOwner ttls_of(const Message& message) {
  TtlsByOwner greatest;
  for (const ResourceRecord& record : message.records()) {
    std::uint32_t& ttl = greatest[{folded(message.name_at(record.owner)), record.type}];
    ttl = std::max(ttl, record.ttl);
  }
  return greatest;
}

/// That of a record's owner and type.
std::uint32_t ttl_in(const TtlsByOwner& ttls, const Message& message, const ResourceRecord& record) {
  const auto found = ttls.find({folded(message.name_at(record.owner)), record.type});
  require(found != ttls.end(), "no record comes from nowhere");
  return found->second;
}

Message checked_image(const AnswerImage& image, const Message& response, const TtlsByOwner& given) {
  const Message kept = Message::parse(copy_of(image.wire)).value();
  require(kept.id() == 0 && kept.index().has(flag::qr) && !kept.index().has_edns, "an image has no ID and no OPT");
  require(kept.question() == response.question(), "an image has the response's question");
  std::size_t at = 0;
  for (const ResourceRecord& record : kept.records()) {
    require(at < image.ttl_offsets.size() && image.ttl_offsets[at++] == record.ttl_at, "every TTL's place is known");
    require(record.ttl >= image.ttl, "no record expires before its image");
    require(record.ttl <= ttl_in(given, kept, record), "no TTL grows");
  }
  require(at == image.ttl_offsets.size(), "and nothing else's");
  require(image.ttl == 0 || image.kind != AnswerKind::failure, "failures are not kept");
  return kept;
}

/// A client's query for the question of a response: same octets but for case, an OPT if the choices say so.
std::vector<std::uint8_t> query_for(const Message& response, Choices& choices) {
  std::vector<std::uint8_t> query(response.wire().begin(), response.wire().begin() + response.index().question_ends);
  for (std::size_t at = header_size; at < query.size() - 4; ++at)
    if (fold(query[at]) >= 'a' && fold(query[at]) <= 'z' && choices.chance()) query[at] ^= 0x20;
  store16(query, 0, choices.u16());
  store16(query, 2, choices.u16() & (flag::rd | flag::cd | flag::ad));
  for (const unsigned count : {6U, 8U, 10U}) store16(query, count, 0);
  if (!choices.chance()) return query;
  store16(query, 10, 1);
  const std::array<std::uint8_t, opt_head_size> opt{0, 0, 41, choices.u8(), 0, 0, 0, choices.u8(), 0, 0, 0};
  query.insert(query.end(), opt.begin(), opt.end());
  return query;
}

void check_reply(const AnswerImage& image, const Message& kept, Choices choices) {
  const std::vector<std::uint8_t> query = query_for(kept, choices);
  const Result<MessageIndex> asked = index_message(query);
  if (!asked) return;  // a case bit that was the length of a label
  ReplySource source{.image = image.wire, .ttl_offsets = image.ttl_offsets, .age = choices.u8()};
  if (image.extended_error) {
    source.extended_error = image.extended_error->code;
    source.extended_error_text = image.extended_error->text;
  }
  std::vector<std::uint8_t> room(choices.chance() ? udp_limit(*asked) : max_message_size);
  const std::size_t size = write_reply(source, {query, *asked, room.size()}, room);
  require(size > 0 && size <= room.size(), "there is always a reply");
  const Message reply = Message::parse(copy_of(Bytes(room).first(size))).value();
  require(reply.id() == asked->id && reply.index().has(flag::qr), "a reply has its query's ID");
  require(std::ranges::equal(reply.wire().subspan(header_size, asked->question_ends - header_size),
                             Bytes(query).subspan(header_size, asked->question_ends - header_size)),
          "a reply has its query's question, octet for octet");
  require(reply.index().has_edns == asked->has_edns, "an OPT for those who sent one");
  const TtlsByOwner kept_ttls = ttls_of(kept);
  for (const ResourceRecord& record : reply.records()) {
    if (record.type == Type::opt) continue;
    const std::uint32_t before = ttl_in(kept_ttls, reply, record);
    require(record.ttl <= before - std::min(before, source.age), "TTLs have aged");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  Choices choices({octets, size});
  const Bytes decisions = choices.take(32);
  const Result<Message> response = Message::parse(copy_of(choices.rest()));
  if (!response) return 0;
  const TtlsByOwner given = ttls_of(*response);
  for (const bool dnssec_ok : {false, true}) {
    const AnswerImage image = make_image(*response, dnssec_ok);
    const Message kept = checked_image(image, *response, given);
    const AnswerImage again = make_image(kept, dnssec_ok);
    require(again.wire == image.wire && again.ttl == image.ttl, "an image is its own image");
    check_reply(image, kept, Choices(decisions));
  }
  return 0;
}
