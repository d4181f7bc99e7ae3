#include "resolve/validation/validation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "base/log.hpp"
#include "dns/edns.hpp"
#include "dns/message_builder.hpp"
#include "dns/name_text.hpp"
#include "dns/wire.hpp"
#include "dnssec/missing_piece.hpp"
#include "pool/pool_query.hpp"
#include "resolve/validation/translated_addresses.hpp"
#include "resolve/validation/upstream_block.hpp"

namespace tacet {
namespace {

/// The client gets its reply a little after the last judgement.
constexpr Duration time_to_reply = std::chrono::milliseconds(50);

/// The extended error of an answer that a resolver made up (IANA registry).
constexpr std::uint16_t synthesized = 29;

/// True for the extended errors of a validator.
bool is_of_validation(std::uint16_t code) {
  return code == ede::unsupported_dnskey_algorithm || code == ede::unsupported_ds_digest ||
         code == ede::unsupported_nsec3_iterations || (code >= ede::dnssec_indeterminate && code <= ede::nsec_missing);
}

/// True if an upstream refuses an answer because it could not prove it. It may be wrong, so the answer is asked for
/// again without its judgement (CD=1).
bool is_refused_by_validator(const Message& message) {
  if (!is_failure(message.rcode())) return false;
  const auto error = extended_error_of(message);
  return error && is_of_validation(error->code);
}

/// True if a bogus answer lacks something, and has nothing that is wrong.
bool lacks_something(const Judgement& judgement) {
  if (judgement.status != SecurityStatus::bogus || !judgement.why) return false;
  const std::uint16_t code = judgement.why->code;
  return code == ede::dnskey_missing || code == ede::rrsigs_missing || code == ede::nsec_missing;
}

bool is_settled(const Judgement& judgement) {
  return judgement.status == SecurityStatus::secure || judgement.status == SecurityStatus::insecure;
}

void set_ad(AnswerImage& image, bool is_proven) {
  const auto flags = load16(image.wire, 2);
  const auto clear = static_cast<std::uint16_t>(flags & ~flag::ad);
  store16(image.wire, 2, static_cast<std::uint16_t>(clear | (is_proven ? flag::ad : 0)));
}

AnswerImage refusal(const Question& question) {
  AnswerImage image;
  image.wire = MessageBuilder(question).finish(flag::qr | flag::ra | static_cast<std::uint16_t>(Rcode::servfail));
  return image;
}

}  // namespace

void stamp_unjudged(AnswerImage& image) { set_ad(image, false); }

void stamp(AnswerImage& image, const Question& question, const Judgement& judgement) {
  if (judgement.status == SecurityStatus::bogus) image = refusal(question);
  image.security = judgement.status;
  set_ad(image, judgement.status == SecurityStatus::secure);
  image.ttl = std::min(image.ttl, judgement.ttl);
  for (const std::uint16_t at : image.ttl_offsets)
    store32(image.wire, at, std::min(load32(image.wire, at), judgement.ttl));
  // What the upstream thinks of the signatures does not count beside our own judgement.
  const bool is_overruled = image.extended_error && is_of_validation(image.extended_error->code);
  if (judgement.why || (is_settled(judgement) && is_overruled)) image.extended_error = judgement.why;
}

void Validation::use(std::shared_ptr<const ValidationRules> rules) {
  rules_ = std::move(rules);
  forget();
  facts_.table().configure(rules_->anchors, rules_->exempt);
}

std::optional<Judgement> Validation::judge_at_once(const Message& message) {
  auto judgement = judge_unsigned(message, facts_.table(), wall_time());
  if (judgement) count(message.question(), *judgement, false);
  return judgement;
}

/// If an answer cannot be proven, other servers are asked, then the parts that lack signatures.
Task<Proof> Validation::prove(Subject subject, Response response) {
  subject.deadline -= time_to_reply;
  Inquiry inquiry{.deadline = subject.deadline};
  Proof proof{std::move(response), {}};
  Task<Judgement> settling = settle(subject, proof.response.message, inquiry);
  proof.judgement = co_await std::move(settling);
  bool repaired = false;
  Task<bool> translating = translate(subject, proof, inquiry);
  const bool is_translated = co_await std::move(translating);
  if (is_translated || note_block(proof)) {
    // No other server is asked: it could know nothing of a filter that the user chose.
  } else if (proof.judgement.status == SecurityStatus::bogus || is_refused_by_validator(proof.response.message)) {
    Task<bool> elsewhere = ask_elsewhere(subject, proof, inquiry);
    repaired = co_await std::move(elsewhere);
    if (!repaired) {
      Task<bool> pieces = ask_for_pieces(subject, proof, inquiry);
      repaired = co_await std::move(pieces);
    }
    if (!repaired) {
      Task<bool> learning = learn_again(subject, proof, inquiry);
      repaired = co_await std::move(learning);
    }
  }
  count(subject.question, proof.judgement, repaired);
  co_return proof;
}

/// In a network of IPv6 only, a DNS64 makes AAAA records up from A records, and nothing can prove them. So this does
/// what RFC 6147 §5.5 asks of a validator: it proves the A records, and makes the answer from them. True if it could.
Task<bool> Validation::translate(const Subject& subject, Proof& proof, Inquiry& inquiry) {
  if (proof.judgement.status != SecurityStatus::bogus) co_return false;
  const auto prefix = translation_prefix_of(proof.response.message);
  if (!prefix || inquiry.questions_left == 0) co_return false;
  --inquiry.questions_left;
  ++metrics_.dnssec_questions;
  const Message query = upstream_query({subject.question.name, Type::a, Class::in}, true, true);
  Task<Result<Response>> asking = subject.upstreams->exchange(query, subject.deadline);
  const Result<Response> addresses = co_await std::move(asking);
  if (!addresses) co_return false;
  Task<Judgement> settling = settle(subject, addresses->message, inquiry);
  Judgement judgement = co_await std::move(settling);
  std::optional<Message> made = is_settled(judgement) ? translated(addresses->message, *prefix) : std::nullopt;
  if (!made) co_return false;
  judgement.status = SecurityStatus::insecure;
  judgement.why = ExtendedError{synthesized, "made from the proven A records for a NAT64 (RFC 6147)"};
  proof.response.message = *std::move(made);
  proof.judgement = std::move(judgement);
  co_return true;
}

/// True if the answer is an upstream's block. Its client gets a SERVFAIL that says so: an answer without a proof could
/// deny the keys that a mail server asks for, and every upstream can write "blocked".
bool Validation::note_block(Proof& proof) {
  if (is_settled(proof.judgement) || is_failure(proof.response.message.rcode())) return false;
  std::optional<ExtendedError> block = block_in(proof.response.message);
  if (!block) return false;
  proof.judgement.status = SecurityStatus::bogus;
  proof.judgement.why = std::move(block);
  return true;
}

/// Asks one server after the other until an answer can be proven: true then. The first judgement of a bogus answer
/// stands if no other server does better.
Task<bool> Validation::ask_elsewhere(const Subject& subject, Proof& proof, Inquiry& inquiry) {
  const Message query = upstream_query(subject.question, true, true);
  std::vector<std::string> passed_over{proof.response.exchange.upstream};
  for (int server = 0; server < most_repairs && inquiry.questions_left > 0; ++server) {
    --inquiry.questions_left;
    ++metrics_.dnssec_questions;
    Task<Result<Response>> asking = subject.upstreams->exchange_elsewhere(query, subject.deadline, passed_over);
    Result<Response> other = co_await std::move(asking);
    if (!other) break;
    passed_over.push_back(other->exchange.upstream);
    if (is_failure(other->message.rcode())) continue;
    inquiry.asked.clear();
    Task<Judgement> again = settle(subject, other->message, inquiry);
    Judgement judgement = co_await std::move(again);
    const bool repaired = is_settled(judgement);
    if (!repaired && !is_failure(proof.response.message.rcode())) continue;
    proof = {*std::move(other), std::move(judgement)};
    if (repaired) co_return true;
  }
  co_return false;
}

/// Asks for the aliases and records whose signatures are missing, each by itself: true if that makes the answer whole.
Task<bool> Validation::ask_for_pieces(const Subject& subject, Proof& proof, Inquiry& inquiry) {
  for (int piece = 0; piece < most_pieces && inquiry.questions_left > 0; ++piece) {
    const std::optional<Question> missing = missing_piece(subject.question, proof.judgement);
    if (!missing) break;
    --inquiry.questions_left;
    ++metrics_.dnssec_questions;
    const Message query = upstream_query(*missing, true, true);
    Task<Result<Response>> asking = subject.upstreams->exchange(query, subject.deadline);
    const Result<Response> found = co_await std::move(asking);
    std::optional<Message> whole = found ? completed(proof.response.message, found->message) : std::nullopt;
    if (!whole) break;
    inquiry.asked.clear();
    Task<Judgement> again = settle(subject, *whole, inquiry);
    Judgement judgement = co_await std::move(again);
    const bool repaired = is_settled(judgement);
    if (!repaired && missing_piece(subject.question, judgement) == missing) break;
    proof.response.message = *std::move(whole);
    proof.judgement = std::move(judgement);
    if (repaired) co_return true;
  }
  co_return false;
}

/// A zone may have changed its keys, or have become unsigned, before that which was known of it has ended. True if the
/// answer can be proven by what its parent and the zone say now. Otherwise what was known stays.
Task<bool> Validation::learn_again(const Subject& subject, Proof& proof, Inquiry& inquiry) {
  const auto& rrsets = proof.judgement.rrsets;
  const auto bogus = std::ranges::find(rrsets, SecurityStatus::bogus, &JudgedRRset::status);
  if (bogus == rrsets.end() || !lacks_something(proof.judgement) || scheduler_.now() < may_learn_again_)
    co_return false;
  const Name zone = bogus->zone;
  std::optional<ProvenZone> known = facts_.table().take(zone);
  if (!known) co_return false;
  may_learn_again_ = scheduler_.now() + learns_again_after;
  inquiry.asked.clear();
  Task<Judgement> settling = settle(subject, proof.response.message, inquiry);
  Judgement judgement = co_await std::move(settling);
  const ProvenZone* learned = facts_.table().find(zone, wall_time());
  if (learned == nullptr || learned->configured) facts_.table().keep(*std::move(known), wall_time());
  if (!is_settled(judgement)) co_return false;
  proof.judgement = std::move(judgement);
  co_return true;
}

Task<Judgement> Validation::settle(const Subject& subject, const Message& message, Inquiry& inquiry) {
  const AnswerPart part = subject.end ? AnswerPart(message, *subject.end) : AnswerPart(message);
  for (;;) {
    auto judged = facts_.judge_now(part, inquiry);
    if (auto* judgement = std::get_if<Judgement>(&judged)) co_return std::move(*judgement);
    Task<std::optional<Judgement>> providing =
        facts_.provide(subject.upstreams, std::get<Needs>(std::move(judged)), inquiry);
    std::optional<Judgement> obstacle = co_await std::move(providing);
    if (!obstacle) continue;
    // The way from the root to the zone is at fault, and other servers have been asked for it already.
    if (obstacle->status == SecurityStatus::bogus) inquiry.questions_left = 0;
    co_return *std::move(obstacle);
  }
}

void Validation::keep_denial(const Proof& proof, std::uint32_t most) {
  const auto& [response, judgement] = proof;
  if (judgement.status != SecurityStatus::secure || response.message.rcode() != Rcode::nxdomain) return;
  const Name name = response.message.question().name;
  const auto denial = std::ranges::find(judgement.rrsets, name, &JudgedRRset::owner);
  if (denial == judgement.rrsets.end()) return;
  const auto time = std::chrono::seconds(std::min(most, judgement.ttl));
  try {
    denials_.keep(response.message, denial->zone, scheduler_.now() + std::min<Duration>(time, ZoneTable::longest));
  } catch (const std::bad_alloc&) {
    log::escaped("a denial to keep");
  }
}

std::optional<KeptDenials::Denied> Validation::denied(const Question& question) {
  if (denials_.empty()) return std::nullopt;
  const ProvenZone* zone = facts_.table().closest(question.name, wall_time());
  if (zone == nullptr || zone->state != ZoneState::keyed) return std::nullopt;
  return denials_.find(question, zone->name, scheduler_.now());
}

void Validation::rehearse(Subject subject, Response response) {
  if (scheduler_.now() < rests_until_) return;
  try {
    tasks_.spawn(rehearsal(std::move(subject), std::move(response)));
  } catch (const std::bad_alloc&) {
    log::escaped("the validation of an answer");
  }
}

Task<void> Validation::rehearsal(Subject subject, Response response) {
  Task<Proof> proving = prove(std::move(subject), std::move(response));
  co_await std::move(proving);
  if (!has_keys()) rests_until_ = scheduler_.now() + rest_without_keys;
}

void Validation::count(const Question& question, const Judgement& judgement, bool repaired) {
  Metrics& metrics = metrics_;
  metrics.dnssec_repaired += repaired ? 1 : 0;
  ++metrics.dnssec_verdicts[static_cast<std::size_t>(judgement.status)];
  if (is_settled(judgement)) return;
  const std::string_view why = judgement.why ? std::string_view(judgement.why->text) : "the upstreams fail";
  const bool is_bogus = judgement.status == SecurityStatus::bogus;
  if (is_bogus) ++metrics.bogus_answers[bogus_reason(judgement.why ? judgement.why->code : ede::dnssec_bogus)];
  log::debug("{} {} is {}: {}", name_text(question.name), to_string(question.type),
             is_bogus ? "bogus" : "indeterminate", why);
  if (!judgement.why) return;
  if (is_bogus && !is_of_validation(judgement.why->code)) return;  // a block is what its user chose
  const auto held = (is_bogus ? gates_->bogus : gates_->unproven).pass(scheduler_.now());
  if (!held) return;
  const auto more = *held > 0 ? fmt::format(", like {} others", *held) : std::string();
  if (is_bogus)
    log::warn("an answer is not what its zone signed{} (extended error {}): {}", more, judgement.why->code,
              mode() == DnssecMode::on ? "its client got SERVFAIL" : "its client got it all the same");
  else
    log::warn("an answer could not be validated{}: the upstreams do not answer about its zone's keys", more);
}

}  // namespace tacet
