#include "dnssec/missing_piece.hpp"

#include <algorithm>

#include "dns/edns.hpp"
#include "dns/message_builder.hpp"
#include "dns/record_copy.hpp"
#include "dns/record_walk.hpp"
#include "dnssec/rrset.hpp"

namespace tacet {
namespace {

/// True for the records that `asked` is about, and for their signatures.
bool is_about(const Question& asked, const Message& message, const ResourceRecord& record) {
  if (record.section != Section::answer) return false;
  const bool signs = record.type == Type::rrsig && record.rdata_size >= Rrsig::fixed_size;
  const Type type = signs ? static_cast<Type>(load16(message.wire(), record.rdata)) : record.type;
  return type == asked.type && message.name_at(record.owner) == asked.name;
}

bool denies(const ResourceRecord& record) {
  return record.section == Section::authority &&
         (record.type == Type::nsec || record.type == Type::nsec3 || record.type == Type::rrsig);
}

template <class Wanted>
void copy(MessageBuilder& builder, const Message& from, Wanted wanted) {
  for_each_record(from.wire(), from.index(), [&](const ResourceRecord& record) {
    if (record.type != Type::opt && wanted(record)) copy_record(builder, from.wire(), record);
  });
}

std::optional<Message> finished(MessageBuilder& builder, std::uint16_t flags) {
  if (builder.too_large()) return std::nullopt;
  auto made = Message::parse(builder.finish(flags));
  return made ? std::optional(*std::move(made)) : std::nullopt;
}

/// The aliases of `answer`, and behind them all that `rest` says of the last one's target, also that it does not exist.
std::optional<Message> continued(const Message& answer, const Message& rest) {
  const Rcode rcode = rest.rcode();
  if (rcode != Rcode::noerror && rcode != Rcode::nxdomain) return std::nullopt;
  MessageBuilder builder(answer.question());
  for (const Section section : {Section::answer, Section::authority}) {
    const auto is_here = [&](const ResourceRecord& record) { return record.section == section; };
    copy(builder, answer, [&](const ResourceRecord& record) {
      return is_here(record) && record.type != Type::soa && !is_about(rest.question(), answer, record);
    });
    copy(builder, rest, is_here);
  }
  const auto flags = static_cast<std::uint16_t>(answer.index().flags & ~flag::rcode_mask);
  return finished(builder, static_cast<std::uint16_t>(flags | static_cast<std::uint16_t>(rcode)));
}

}  // namespace

std::optional<Question> missing_piece(const Question& asked, const Judgement& judgement) {
  if (judgement.status != SecurityStatus::bogus || !judgement.why) return std::nullopt;
  const auto bogus = std::ranges::find(judgement.rrsets, SecurityStatus::bogus, &JudgedRRset::status);
  if (bogus == judgement.rrsets.end()) return std::nullopt;
  Question piece{bogus->owner, bogus->type, Class::in};
  const bool lacks_signature = judgement.why->code == ede::rrsigs_missing;
  const bool lacks_rest = judgement.why->code == ede::nsec_missing && piece.type == asked.type;
  if (!lacks_signature && !lacks_rest) return std::nullopt;
  return piece == asked ? std::nullopt : std::optional(std::move(piece));
}

std::optional<Message> completed(const Message& answer, const Message& piece) {
  const Question asked = piece.question();
  if (asked.type == answer.question().type) return continued(answer, piece);
  bool found = false;
  for_each_record(piece.wire(), piece.index(),
                  [&](const ResourceRecord& record) { found = found || is_about(asked, piece, record); });
  if (!found || piece.rcode() != Rcode::noerror) return std::nullopt;
  MessageBuilder builder(answer.question());
  copy(builder, piece, [&](const ResourceRecord& record) { return is_about(asked, piece, record); });
  copy(builder, answer, [&](const ResourceRecord& record) {
    return record.section == Section::answer && !is_about(asked, answer, record);
  });
  copy(builder, answer, [](const ResourceRecord& record) { return record.section == Section::authority; });
  copy(builder, piece, denies);
  copy(builder, answer, [](const ResourceRecord& record) { return record.section == Section::additional; });
  return finished(builder, answer.index().flags);
}

}  // namespace tacet
