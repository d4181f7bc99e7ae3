#include "resolve/validation/validation.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <set>

#include "dns/edns.hpp"
#include "unit/dnssec/signed_world.hpp"
#include "unit/pool/upstream_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

constexpr Duration round_trip = 20ms;
constexpr std::string_view deep_zone = "13.12.11.10.9.8.7.6.5.4.3.2.1.example.test";

/// What a question came to.
struct Told {
  SecurityStatus status = SecurityStatus::indeterminate;
  std::optional<ExtendedError> why{};
  Duration taken{};
  Octets rdata{};  ///< of the first record
  bool ended = false;
};

/// A validation whose upstream serves a small signed world, a round trip away.
struct Scene : World {
  Scene() {
    clock.set_wall_time(noon);
    auto rules = std::make_shared<ValidationRules>();
    rules->mode = DnssecMode::on;
    rules->anchors = {world.table.anchors().begin(), world.table.anchors().end()};
    validation.use(rules);
  }
  ~Scene() { tasks.cancel(); }

  Told& ask_for(std::string_view name, Type type = Type::a) {
    Told& told = results.emplace_back();
    tasks.spawn(wait(ask(name, type), told));
    return told;
  }
  Task<void> wait(Question asked, Told& told) {
    const Instant begun = clock.now(), deadline = begun + 4300ms;
    const std::shared_ptr<Upstream> upstreams = borrowed(upstream);
    validation.foresee(upstreams, asked);
    const Message query = upstream_query(asked, true, false);
    Result<Response> response = co_await upstream.exchange(query, deadline);
    Validation::Subject subject{upstreams, asked, std::nullopt, deadline};
    Task<Proof> proving = validation.prove(std::move(subject), std::move(response.value()));
    Proof proof = co_await std::move(proving);
    const Message& answer = proof.response.message;
    const auto records = answer.records();
    const Bytes rdata = records.empty() ? Bytes() : answer.rdata(records.front());
    told = {proof.judgement.status, proof.judgement.why, clock.now() - begun, {rdata.begin(), rdata.end()}, true};
  }

  /// As in mode log: the client has its answer.
  void rehearse_for(std::string_view name) {
    const Question asked = ask(name);
    Validation::Subject subject{borrowed(upstream), asked, std::nullopt, clock.now() + 4300ms};
    validation.rehearse(std::move(subject), {packet_for(asked).message(), {}});
  }

  FakeUpstream::Step answer(const Message& query) {
    const Question asked = query.question();
    const std::string text = asked.name.to_string() + " " + to_string(asked.type);
    if (silent.contains(text)) return {10s, fail(Fault::timeout)};
    Packet packet = packet_for(asked);
    if (const auto found = lost.find(text); found != lost.end()) {
      lost.erase(found);
      packet = Packet{asked, 0, unsigned_part(packet.answer)};
    }
    return {round_trip, packet.message()};
  }
  Packet packet_for(const Question& asked) {
    const std::string name = asked.name.to_string();
    if (asked.name.under(named(deep_zone))) return packet_of_deep_zone(asked);
    if (asked.type == Type::dnskey && name == "plain.test.") return {asked, 0};
    if (asked.type == Type::dnskey)
      return name == "." ? world.root_keys() : world.keys_of(name == "test." ? world.tld : world.example);
    if (asked.type == Type::ds && name == "test.") return world.ds_of(world.tld, world.root);
    if (asked.type == Type::ds && name == "plain.test.") return world.no_ds_of_plain();
    if (asked.type == Type::ds && name == "example.test." && !is_example_signed)
      return {asked, 0, {}, world.tld.soa() + world.tld.sign({"example.test. 300 NSEC z.test. NS RRSIG NSEC"})};
    if (asked.type == Type::ds && name == "example.test.") return world.ds_of(world.example, world.tld);
    if (asked.type == Type::ds)
      return {
          asked, 0, {}, world.example.soa() + world.example.sign({name + " 300 NSEC z.example.test. A RRSIG NSEC"})};
    if (asked.type == Type::aaaa) return {asked, 0, records_from({name + " 300 AAAA " + aaaa})};
    const Records address = records_from({name + " 300 A 192.0.2.1"});
    const bool is_signed = is_example_signed && asked.name.under(named("example.test"));
    return {asked, 0, is_signed ? world.example.sign(address) : address};
  }
  /// An unsigned zone far below the signed one, without a name in between, as for the addresses of a network.
  Packet packet_of_deep_zone(const Question& asked) {
    const std::string name = asked.name.to_string(), apex = std::string(deep_zone) + ".";
    if (asked.type == Type::ds && name == apex)
      return {
          asked, 0, {}, world.example.soa() + world.example.sign({apex + " 300 NSEC z.example.test. NS RRSIG NSEC"})};
    if (asked.type == Type::a) return {asked, 0, records_from({name + " 300 A 192.0.2.1"})};
    return {asked, 0, {}, records_from({apex + " 300 SOA ns." + apex + " h." + apex + " 1 2 3 4 60"})};
  }
  static Records unsigned_part(Records records) {
    std::erase_if(records, [](const Record& record) { return record.type == Type::rrsig; });
    return records;
  }
  std::size_t times_asked(std::string_view name, Type type) const {
    return static_cast<std::size_t>(std::ranges::count(upstream.asked, ask(name, type)));
  }

  fixture::SignedWorld world;
  bool is_example_signed = true;
  std::string aaaa = "2001:db8::1";  // of every name, without a signature
  std::set<std::string> silent;      // questions without an answer
  std::multiset<std::string> lost;   // questions whose next answers lack their signatures
  Metrics metrics;
  HashSeed seed{1, 2};
  TaskGroup tasks;
  FakeUpstream upstream{scheduler, "fake", [this](const Message& query) { return answer(query); }};
  Validation validation{scheduler, tasks, metrics, seed};
  std::deque<Told> results;
};

}  // namespace

TEST_CASE("Proofs are asked for beside the question: an unsigned zone costs no round trip, a signed one costs one") {
  Scene scene;
  Told& first = scene.ask_for("www.plain.test");  // nothing is known yet, not even the root's keys
  scene.pass(200ms);
  CHECK(first.status == SecurityStatus::insecure);
  CHECK(first.taken == round_trip);
  Told& in_new_zone = scene.ask_for("www.example.test");
  scene.pass(200ms);
  CHECK(in_new_zone.status == SecurityStatus::secure);
  CHECK(in_new_zone.taken == 2 * round_trip);
  Told& in_known_zone = scene.ask_for("other.example.test");
  scene.pass(200ms);
  CHECK(in_known_zone.status == SecurityStatus::secure);
  CHECK(in_known_zone.taken == round_trip);
  CHECK(scene.metrics.dnssec_questions == 7);  // keys of the root, of test, of both zones; three DS
  CHECK(scene.metrics.dnssec_verdicts[static_cast<std::size_t>(SecurityStatus::secure)] == 2);
}

TEST_CASE("A client's question leaves before the questions for its proof: a server may answer one after the other") {
  Scene scene;
  scene.ask_for("www.example.test");
  scene.pass(1ms);
  REQUIRE(scene.upstream.asked.size() == 6);
  CHECK(scene.upstream.asked.front() == ask("www.example.test"));
}

TEST_CASE("The root's keys are learned ahead of the first question, once") {
  Scene scene;
  scene.validation.warm_up(borrowed(scene.upstream));
  scene.pass(50ms);
  scene.validation.warm_up(borrowed(scene.upstream));
  scene.ask_for("www.example.test");
  scene.pass(200ms);
  CHECK(scene.times_asked(".", Type::dnskey) == 1);
  CHECK(scene.results.front().status == SecurityStatus::secure);
}

TEST_CASE(
    "The very first question about a signed name takes one round trip: all that it needs is asked for beside it") {
  Scene scene;
  Told& told = scene.ask_for("www.example.test");
  scene.pass(200ms);
  CHECK(told.status == SecurityStatus::secure);
  CHECK(told.taken == round_trip);
}

TEST_CASE("A name far below an unsigned zone that is far below a signed one resolves at the first question") {
  for (const Type type : {Type::a, Type::txt}) {
    CAPTURE(to_string(type));
    Scene scene;
    scene.ask_for("www.example.test");
    scene.pass(200ms);
    const auto before = scene.metrics.dnssec_questions;
    Told& told = scene.ask_for("16.15.14.13.12.11.10.9.8.7.6.5.4.3.2.1." + std::string(deep_zone), type);
    scene.pass(1s);
    CHECK(told.status == SecurityStatus::insecure);
    CHECK(told.taken <= 3 * round_trip);
    CHECK(scene.metrics.dnssec_questions - before <= 3);
  }
}

TEST_CASE("Many answers that need the same keys wait for one question") {
  Scene scene;
  for (int i = 0; i < 50; ++i) scene.ask_for("n" + std::to_string(i) + ".example.test");
  scene.pass(200ms);
  for (const Told& told : scene.results) CHECK(told.status == SecurityStatus::secure);
  CHECK(scene.times_asked("example.test", Type::dnskey) == 1);
  CHECK(scene.times_asked("example.test", Type::ds) == 1);
  CHECK(scene.times_asked("test", Type::dnskey) == 1);
}

TEST_CASE("A lost signature is asked for again, of the answer as of the keys") {
  Scene scene;
  scene.lost = {"www.example.test. A", "example.test. DNSKEY", "test. DS"};
  Told& told = scene.ask_for("www.example.test");
  scene.pass(500ms);
  CHECK(told.status == SecurityStatus::secure);
  CHECK(scene.metrics.dnssec_repaired == 1);
  CHECK(scene.times_asked("www.example.test", Type::a) == 2);
}

TEST_CASE("Behind a DNS64 an AAAA record is made again from the A record, once that is proven (RFC 6147 §5.5)") {
  Scene scene;
  scene.aaaa = "64:ff9b::cb00:7163";  // of another host than the A record says
  Told& told = scene.ask_for("www.example.test", Type::aaaa);
  scene.pass(500ms);
  CHECK(told.status == SecurityStatus::insecure);
  REQUIRE(told.why);
  CHECK(told.why->code == 29);
  CHECK(told.rdata == Octets{0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 1});
  CHECK(scene.times_asked("www.example.test", Type::a) == 1);
  CHECK(scene.metrics.dnssec_repaired == 0);
  scene.lost = {"lost.example.test. A"};
  Told& without = scene.ask_for("lost.example.test", Type::aaaa);
  scene.pass(500ms);
  CHECK(without.status == SecurityStatus::bogus);
}

TEST_CASE("A prefix that leads out of the network is not believed: anybody could be there") {
  Scene scene;
  scene.aaaa = "2001:db8::c000:201";
  Told& told = scene.ask_for("www.example.test", Type::aaaa);
  scene.pass(500ms);
  CHECK(told.status == SecurityStatus::bogus);
  CHECK(scene.times_asked("www.example.test", Type::a) == 0);
}

TEST_CASE("If every server loses the signature, the answer is bogus after three of them, and says what is missing") {
  Scene scene;
  scene.lost = {"www.example.test. A", "www.example.test. A", "www.example.test. A"};
  Told& told = scene.ask_for("www.example.test");
  scene.pass(500ms);
  CHECK(told.status == SecurityStatus::bogus);
  REQUIRE(told.why);
  CHECK(told.why->code == ede::rrsigs_missing);
  CHECK(scene.times_asked("www.example.test", Type::a) == 3);
  CHECK(scene.metrics.bogus_answers[bogus_reason(ede::rrsigs_missing)] == 1);
}

TEST_CASE("A zone that has become unsigned, or has other keys, is learned again before its answers are refused") {
  Scene scene;
  scene.ask_for("www.example.test");
  scene.pass(500ms);
  scene.world.example.add(SigningKey(15));
  scene.world.example.drop_first_key();
  Told& rolled = scene.ask_for("after.example.test");
  scene.pass(500ms);
  CHECK(rolled.status == SecurityStatus::secure);
  scene.is_example_signed = false;
  Told& too_soon = scene.ask_for("soon.example.test");
  scene.pass(400ms);
  CHECK(too_soon.status == SecurityStatus::bogus);
  scene.pass(1s);
  Told& unsigned_one = scene.ask_for("later.example.test");
  scene.pass(500ms);
  CHECK(unsigned_one.status == SecurityStatus::insecure);
}

TEST_CASE("What was known of a zone stays if nothing better can be learned") {
  Scene scene;
  scene.ask_for("www.example.test");
  scene.pass(500ms);
  for (int i = 0; i < 3; ++i) scene.lost.insert("lost.example.test. A");
  scene.silent = {"example.test. DS", "example.test. DNSKEY"};
  CHECK(scene.ask_for("lost.example.test").status != SecurityStatus::secure);
  scene.pass(5s);
  CHECK(scene.results.back().status == SecurityStatus::bogus);
  Told& next = scene.ask_for("next.example.test");
  scene.pass(500ms);
  CHECK(next.status == SecurityStatus::secure);
}

TEST_CASE("Keys without signatures are remembered as bogus for a moment, and not for long") {
  Scene scene;
  for (int i = 0; i < 3; ++i) scene.lost.insert("example.test. DNSKEY");
  Told& told = scene.ask_for("www.example.test");
  scene.pass(500ms);
  CHECK(told.status == SecurityStatus::bogus);
  CHECK(scene.times_asked("www.example.test", Type::a) == 1);  // the answer itself is not at fault
  Told& soon = scene.ask_for("www.example.test");
  scene.pass(500ms);
  CHECK(soon.status == SecurityStatus::bogus);
  CHECK(scene.times_asked("example.test", Type::dnskey) == 3);
  scene.pass(5s);
  Told& later = scene.ask_for("www.example.test");
  scene.pass(500ms);
  CHECK(later.status == SecurityStatus::secure);
}

TEST_CASE("What could not be found out is no verdict, comes within the client's time, and is asked for again at once") {
  Scene scene;
  scene.silent = {"example.test. DNSKEY"};
  Told& told = scene.ask_for("www.example.test");
  scene.pass(5s);
  REQUIRE(told.ended);
  CHECK(told.status == SecurityStatus::indeterminate);
  CHECK(told.taken < 4300ms);
  REQUIRE(told.why);
  CHECK(told.why->code == ede::dnssec_indeterminate);
  CHECK(told.why->text.find("DNSKEY of example.test") != std::string::npos);
  scene.silent.clear();
  Told& again = scene.ask_for("www.example.test");
  scene.pass(500ms);
  CHECK(again.status == SecurityStatus::secure);
}

TEST_CASE("While not even the root's keys can be learned, a rehearsal tries once a minute") {
  Scene scene;
  scene.silent = {". DNSKEY"};
  for (int i = 0; i < 10; ++i) scene.rehearse_for("www.plain.test");
  scene.pass(30s);
  for (int i = 0; i < 10; ++i) scene.rehearse_for("www.plain.test");
  scene.pass(10s);
  const std::size_t tries = scene.times_asked(".", Type::dnskey);
  CHECK(tries >= 1);
  CHECK(tries <= 3);  // one rehearsal, which asks other servers too
  scene.pass(30s);
  scene.silent.clear();
  scene.rehearse_for("www.plain.test");
  scene.pass(1s);
  CHECK(scene.times_asked(".", Type::dnskey) == tries + 1);
  scene.rehearse_for("www.example.test");
  scene.pass(1s);
  CHECK(scene.metrics.dnssec_verdicts[static_cast<std::size_t>(SecurityStatus::secure)] == 1);
}

TEST_CASE("Guesses are at most a quarter of the questions in the long run") {
  Scene scene;
  scene.ask_for("www.plain.test");
  scene.pass(100ms);
  for (int i = 0; i < 400; ++i) scene.ask_for("www.zone" + std::to_string(i) + ".example");
  CHECK(scene.metrics.dnssec_questions <= 50 + 100 + 4);
}

TEST_CASE(
    "A stamp writes the verdict into the image: AD, the shortest time, the reason; a bogus answer loses its data") {
  Scene scene;
  const Question asked = ask("www.example.test");
  const Message message = scene.packet_for(asked).message();
  AnswerImage image = make_image(message, false);
  stamp(image, asked, {.status = SecurityStatus::secure, .ttl = 7});
  CHECK((image.wire[3] & flag::ad) != 0);
  CHECK(image.security == SecurityStatus::secure);
  CHECK(image.ttl == 7);
  CHECK(Message::parse(image.wire)->records().at(0).ttl == 7);
  stamp(image, asked, {.status = SecurityStatus::insecure});
  CHECK((image.wire[3] & flag::ad) == 0);
  stamp(image, asked, {.status = SecurityStatus::bogus, .why = ExtendedError{ede::dnssec_bogus, "why"}});
  CHECK(image.kind == AnswerKind::failure);
  CHECK(Message::parse(image.wire)->rcode() == Rcode::servfail);
  CHECK(Message::parse(image.wire)->records().empty());
  CHECK(image.extended_error->text == "why");
}
