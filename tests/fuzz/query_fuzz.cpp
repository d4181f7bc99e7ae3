#include <algorithm>
#include <array>

#include "dns/edns.hpp"
#include "dns/query.hpp"
#include "dns/reply.hpp"
#include "fuzz/property.hpp"

using namespace tacet;
using namespace tacet::fuzz;

namespace {

void check_refusal(Bytes query, const RejectedQuery& refusal) {
  std::array<std::uint8_t, 512> room;
  const std::size_t size = write_refusal(query, refusal, room);
  if (refusal.action == RejectedQuery::Action::drop) return require(size == 0, "what is dropped is not answered");
  const std::vector<std::uint8_t> reply = copy_of(Bytes(room).first(size));
  require(size >= header_size, "512 octets always suffice");
  require(load16(reply, 0) == load16(query, 0), "a refusal has the query's ID");
  const std::uint16_t flags = load16(reply, 2);
  require((flags & flag::qr) != 0, "a refusal is a response");
  require(((flags ^ load16(query, 2)) & flag::opcode_mask) == 0, "a refusal has the query's OPCODE");
  require(!refusal.edns || load16(reply, 10) == 1, "an OPT is answered by an OPT");
  const auto low = static_cast<std::uint16_t>(refusal.rcode) & flag::rcode_mask;
  require((flags & flag::rcode_mask) == low, "a refusal says its RCODE");
  if (load16(reply, 4) == 0) return;
  const Result<MessageIndex> index = index_message(reply);
  require(index.has_value(), "a refusal can be read");
  require(!index->has_edns || index->rcode() == refusal.rcode, "a refusal says its extended RCODE");
  const Bytes question = Bytes(reply).subspan(header_size, index->question_ends - header_size);
  require(std::ranges::equal(question, query.subspan(header_size, question.size())), "the question is echoed");
}

void check_error(Bytes query, const MessageIndex& index) {
  const ReplyRequest request{query, index, udp_limit(index)};
  require(request.limit >= 512 && request.limit <= safe_udp_size, "a UDP limit is sane");
  std::array<std::uint8_t, safe_udp_size> room;
  const ExtendedError why{ede::network_error, "nobody is there"};
  std::size_t size = write_error(request, Rcode::servfail, why, room);
  require(size > 0 && size <= request.limit, "an error always fits");
  const Message reply = Message::parse(copy_of(Bytes(room).first(size))).value();
  require(reply.id() == index.id && reply.rcode() == Rcode::servfail, "an error has the query's ID");
  require(reply.question() == Question{reply.question().name, index.type, index.qclass}, "and its type and class");
  require(reply.index().has_edns == index.has_edns, "an OPT is answered by an OPT, and nothing else is");
  require(!index.has_edns || extended_error_of(reply) == why, "an extended error can be read");
  const std::size_t longer = add_tcp_keepalive(room, size, std::chrono::seconds(10));
  require((longer == size + tcp_keepalive_size) == index.has_edns, "a keepalive goes into an OPT");
  const Message kept = Message::parse(copy_of(Bytes(room).first(longer))).value();
  require(tcp_keepalive_of(kept).has_value() == index.has_edns, "a keepalive can be read");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::vector<std::uint8_t> query = copy_of({octets, size});
  const auto index = judge_query(query);
  if (!index) {
    check_refusal(query, index.error());
    return 0;
  }
  check_error(query, *index);
  asks_tcp_keepalive(query, *index);
  const Question asked = Message::parse(query)->question();
  const Message upstream = upstream_query(asked, index->dnssec_ok(), index->has(flag::cd));
  require(upstream.question() == asked && upstream.id() == 0, "the upstream is asked the same");
  require(upstream.wire().size() % 128 == 0 && is_padded(upstream), "the upstream's query is padded");
  require(upstream.index().dnssec_ok() == index->dnssec_ok(), "the DO bit is passed on");
  return 0;
}
