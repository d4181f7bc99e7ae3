#include <algorithm>
#include <array>
#include <string>

#include "dns/answer_check.hpp"
#include "dns/wire.hpp"
#include "fuzz/property.hpp"
#include "transport/http/doh_response.hpp"

using namespace tacet;
using namespace tacet::fuzz;

namespace {

constexpr std::array statuses{200L, 200L, 200L, 0L, 204L, 206L, 302L, 404L, 503L, -1L};
constexpr std::array media_types{"application/dns-message", "application/dns-message", "Application/DNS-Message; q=1",
                                 "application/dns-json"};

std::optional<std::string> chosen_type(Choices& choices) {
  const std::uint8_t how = choices.u8();
  if (how < 192) return media_types[how % media_types.size()];
  if (how == 255) return std::nullopt;
  const Bytes text = choices.take(how - 192U);
  return std::string(text.begin(), text.end());
}

bool names_dns_message(const std::string& type) {
  constexpr std::string_view wanted = "application/dns-message";
  std::string lower;
  for (const char octet : type) lower += static_cast<char>(fold(static_cast<std::uint8_t>(octet)));
  return lower.starts_with(wanted) && (lower.size() == wanted.size() || lower.find_first_of("; \t") == wanted.size());
}

void check_words(const Error& error) {
  require(!error.detail.empty() && error.detail.size() < 300, "a refusal has a reason of reasonable length");
  const auto printable = [](char octet) { return octet >= ' ' && octet < 0x7f; };
  require(std::ranges::all_of(error.detail, printable), "and no server can steer a terminal by it");
}

/// The question with one octet of its name in another case or changed, or of another type or class.
Question changed(const Question& question, Choices& choices, bool& same) {
  std::vector<std::uint8_t> name = copy_of(question.name.wire());
  const std::size_t at = choices.u16() % name.size();
  const std::uint8_t bits = choices.u8();
  const std::uint8_t before = name[at];
  name[at] ^= bits;
  same = fold(name[at]) == fold(before);
  Question other = question;
  if (const auto made = Name::from_wire(name)) {
    other.name = *made;
    return other;
  }
  same = bits == 0;
  other.type = static_cast<Type>(static_cast<unsigned>(other.type) ^ bits);
  return other;
}

/// What must hold for whatever is taken as the answer to `asked`.
void check_answer(const Question& asked, const std::vector<std::uint8_t>& body) {
  const auto answer = accept_answer(asked, std::nullopt, body, TransportKind::stream);
  if (!answer) return check_words(answer.error());
  const MessageIndex& index = answer->index();
  require(answer->question() == asked, "an answer has its question");
  require(index.has(flag::qr) && (index.flags & flag::opcode_mask) == 0, "and is an answer to a query");
  const bool error = index.rcode() != Rcode::noerror && index.rcode() != Rcode::nxdomain;
  const bool as_it_came =
      std::ranges::equal(answer->wire(), Bytes(body).first(std::min(answer->wire().size(), body.size())));
  require(as_it_came || (error && index.answers == 0), "as it came but for what follows it, or a bare error");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  Choices choices({octets, size});
  const long status = statuses[choices.below(statuses.size())];
  const std::optional<std::string> type = chosen_type(choices);
  const Bytes asked = choices.take(choices.u8() % 32U + 5U);
  Choices change(choices.take(3));
  const std::vector<std::uint8_t> body = copy_of(choices.rest());

  DohResponse response{.status = status, .media_type = {}, .age = {}, .body = body};
  if (type) response.media_type = *type;
  const auto taken = doh_body(std::move(response));
  require(taken.has_value() == (status >= 200 && status < 300 && type && names_dns_message(*type)),
          "a body is taken with a successful status and its media type, and else not");
  if (!taken) {
    require(taken.error().fault == Fault::protocol, "what is no DNS over HTTPS is a fault of protocol");
    check_words(taken.error());
    return 0;
  }
  require(taken->octets == body && taken->age == 0, "and as it came");

  if (const auto name = Name::from_wire(asked)) check_answer({*name, Type::a, Class::in}, body);
  const auto message = Message::parse(body);
  if (!message) return 0;
  const Question question = message->question();
  check_answer(question, body);
  const auto answer = accept_answer(question, std::nullopt, body, TransportKind::stream);
  const bool is_answer = message->index().has(flag::qr) && (message->index().flags & flag::opcode_mask) == 0;
  const bool is_void = message->index().has(flag::tc) && message->index().answers == 0;
  require(answer.has_value() == (is_answer && !is_void), "an answer is taken for its own question, a query not");
  if (!answer) return 0;
  bool same = false;
  const Question other = changed(question, change, same);
  const auto not_mine = accept_answer(other, std::nullopt, body, TransportKind::stream);
  require(not_mine.has_value() == same, "for no other, but in any case of letters");
  require(not_mine || not_mine.error().fault == Fault::mismatched, "and that is a mismatch");
  return 0;
}
