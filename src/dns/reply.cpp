#include "dns/reply.hpp"

#include <algorithm>
#include <cstring>

#include "base/text.hpp"
#include "dns/wire.hpp"

namespace tacet {
namespace {

constexpr std::size_t error_option_head = 6;  // option code, length and INFO-CODE

/// The OPT of a reply; a client without EDNS gets none.
struct ReplyOpt {
  bool present = false;
  bool dnssec_ok = false;
  Rcode rcode = Rcode::noerror;
  std::optional<std::uint16_t> error = std::nullopt;
  std::string_view text = {};

  std::size_t options_size() const { return error ? error_option_head + text.size() : 0; }
  std::size_t size() const { return present ? opt_head_size + options_size() : 0; }

  /// Drops the text, then the error, until the rest fits into `room`.
  void shrink_to(std::size_t room) {
    if (size() > room) text = {};
    if (size() > room) error.reset();
  }
};

void append(WireWriter& out, const ReplyOpt& opt) {
  if (!opt.present) return;
  write_opt(out, opt.rcode, opt.dnssec_ok, opt.options_size());
  if (!opt.error) return;
  out.u16(option::extended_error);
  out.u16(static_cast<std::uint16_t>(opt.options_size() - 4));
  out.u16(*opt.error);
  out.bytes(bytes_of(opt.text));
}

/// The header bits of a reply: the image's, with those that belong to the client.
std::uint16_t fitted_flags(std::uint16_t image, const MessageIndex& query) {
  const bool wants_ad = query.has(flag::ad) || query.dnssec_ok();
  std::uint16_t flags = image & (flag::aa | flag::tc | flag::rcode_mask);
  flags |= flag::qr | flag::ra;
  flags |= query.flags & (flag::rd | flag::cd);
  if (wants_ad) flags |= image & flag::ad;
  return flags;
}

/// A header and the question's octets, without records.
void append_question(WireWriter& out, const ReplyRequest& request, std::uint16_t flags, bool has_opt) {
  out.u16(request.index.id);
  out.u16(flags);
  out.u16(1);
  out.u32(0);
  out.u16(has_opt ? 1 : 0);
  out.bytes(request.query.subspan(header_size, request.index.question_ends - header_size));
}

bool belong_together(const ReplySource& source, const ReplyRequest& request) {
  const std::size_t ends = request.index.question_ends;
  return source.image.size() >= ends && request.query.size() >= ends && ends >= header_size + 5 &&
         source.image[ends - 5] == 0 && load32(source.image, ends - 4) == load32(request.query, ends - 4);
}

void age_ttls(const ReplySource& source, std::span<const std::uint16_t> offsets, std::span<std::uint8_t> out) {
  for (const std::uint16_t at : offsets)
    store32(out, at, source.fixed_ttl ? *source.fixed_ttl : aged_ttl(load32(out, at), source));
}

/// The first answer records of an image that fit whole: their number and their end.
struct Beginning {
  std::uint16_t answers = 0;
  std::size_t ends = 0;
};

/// Names point only to earlier octets, so the beginning of an image is a valid message.
Beginning beginning_of(Bytes image, std::size_t question_ends, std::size_t room) {
  Beginning kept{.ends = question_ends};
  for (std::uint16_t left = load16(image, 6); left > 0; --left) {
    const std::size_t head = skip_name(image, kept.ends);
    const std::size_t ends = head + record_head_size + load16(image, head + record_head_size - 2);
    if (ends > room) break;
    kept.ends = ends;
    ++kept.answers;
  }
  return kept;
}

/// Writes the answer records that fit. Pre: the OPT is as small as it can be.
std::size_t write_beginning(const ReplySource& source, const ReplyRequest& request, const ReplyOpt& opt,
                            std::span<std::uint8_t> out) {
  const std::size_t question_ends = request.index.question_ends;
  const std::uint16_t flags = fitted_flags(load16(source.image, 2), request.index) | flag::tc;
  const std::size_t room = out.size() - std::min(out.size(), opt.size());
  const Beginning kept = beginning_of(source.image, question_ends, room);
  WireWriter truncated(out);
  append_question(truncated, request, flags, opt.present);
  truncated.bytes(source.image.subspan(question_ends, kept.ends - question_ends));
  append(truncated, opt);
  if (!truncated.ok()) return 0;
  store16(out, 6, kept.answers);
  age_ttls(source, source.ttl_offsets.first(kept.answers), out);
  return truncated.size();
}

}  // namespace

std::size_t udp_limit(const MessageIndex& query) {
  constexpr std::uint16_t least = 512;
  return query.has_edns ? std::clamp(query.edns.udp_size, least, safe_udp_size) : least;
}

std::uint32_t aged_ttl(std::uint32_t original, const ReplySource& source) {
  const std::uint32_t ttl = effective_ttl(original);
  if (ttl == 0) return 0;
  const std::uint32_t clamped = std::min(std::max(ttl, source.min_ttl), source.max_ttl);
  return clamped > source.age ? clamped - source.age : 0;
}

std::size_t write_reply(const ReplySource& source, const ReplyRequest& request, std::span<std::uint8_t> out) {
  if (!belong_together(source, request)) return 0;
  const std::size_t limit = std::min(request.limit, out.size());
  const std::size_t size = source.image.size();
  ReplyOpt opt{.present = request.index.has_edns,
               .dnssec_ok = request.index.dnssec_ok(),
               .error = source.extended_error,
               .text = source.extended_error_text.substr(0, ExtendedError::max_text)};
  opt.shrink_to(limit > size ? limit - size : 0);
  if (size + opt.size() > limit) return write_beginning(source, request, opt, out.first(limit));
  const std::size_t question_ends = request.index.question_ends;
  std::memcpy(out.data(), source.image.data(), size);
  store16(out, 0, request.index.id);
  store16(out, 2, fitted_flags(load16(source.image, 2), request.index));
  std::memcpy(out.data() + header_size, request.query.data() + header_size, question_ends - header_size);
  age_ttls(source, source.ttl_offsets, out);
  if (opt.present) store16(out, 10, static_cast<std::uint16_t>(load16(out, 10) + 1));
  WireWriter tail(out.subspan(size, limit - size));
  append(tail, opt);
  return size + tail.size();
}

std::size_t write_truncated(const ReplyRequest& request, std::span<std::uint8_t> out) {
  WireWriter reply(out.first(std::min(request.limit, out.size())));
  append_question(reply, request, fitted_flags(flag::tc, request.index), request.index.has_edns);
  append(reply, {.present = request.index.has_edns, .dnssec_ok = request.index.dnssec_ok()});
  return reply.ok() ? reply.size() : 0;
}

std::size_t write_error(const ReplyRequest& request, Rcode rcode, const std::optional<ExtendedError>& error,
                        std::span<std::uint8_t> out) {
  const std::size_t limit = std::min(request.limit, out.size());
  const std::size_t size = request.index.question_ends;
  if (size > request.query.size() || size > limit) return 0;
  const bool edns = request.index.has_edns;
  if (static_cast<std::uint16_t>(rcode) > flag::rcode_mask && !edns) rcode = Rcode::servfail;
  ReplyOpt opt{.present = edns, .dnssec_ok = request.index.dnssec_ok(), .rcode = rcode};
  if (error) {
    opt.error = error->code;
    opt.text = std::string_view(error->text).substr(0, ExtendedError::max_text);
  }
  opt.shrink_to(limit - size);
  const auto bits = static_cast<std::uint16_t>(static_cast<std::uint16_t>(rcode) & flag::rcode_mask);
  WireWriter reply(out.first(limit));
  append_question(reply, request, fitted_flags(bits, request.index), edns);
  append(reply, opt);
  return reply.ok() ? reply.size() : 0;
}

}  // namespace tacet
