#include "resolve/hosts.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <ctime>
#include <functional>
#include <random>
#include <sstream>
#include <string>
#include <unordered_map>

#include "unit/pool/resolve_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

std::string lowered(std::string text) {
  for (char& c : text) c = static_cast<char>(fold(static_cast<std::uint8_t>(c)));
  return text;
}

std::optional<AnswerImage> ask(const Hosts& hosts, std::string_view name, Type type = Type::a) {
  const Name folded = Name::from_text(lowered(std::string(name))).value();
  auto image = hosts.answer(question(name, type), folded.wire());
  if (image) CHECK(hosts.might_hold(folded.wire()));
  return image;
}

/// The records of the answer as text, "" for NODATA, "-" for a question that is none of the table's.
std::string said(const Hosts& hosts, std::string_view name, Type type = Type::a) {
  const auto image = ask(hosts, name, type);
  if (!image) return "-";
  const Message answer = message(*image);
  CHECK(answer.rcode() == Rcode::noerror);
  std::string text;
  for (const auto& record : answer.records()) {
    CHECK(record.ttl == Hosts::ttl);
    if (record.section != Section::answer) continue;
    const Bytes rdata = answer.rdata(record);
    if (!text.empty()) text += ' ';
    if (record.type == Type::ptr)
      text += answer.name_at(record.rdata).to_string();
    else
      text += fmt::format("{:02x}", fmt::join(rdata, record.type == Type::a ? "." : ""));
  }
  return text;
}

/// A name that no hosts file of these tests has.
Name absent(unsigned number) { return Name::from_text(fmt::format("www.site{}.example.net", number)).value(); }

/// Optimised and without sanitizers, as users run it.
#if defined(__has_feature)
[[maybe_unused]] constexpr bool is_sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
[[maybe_unused]] constexpr bool is_sanitized = true;
#else
[[maybe_unused]] constexpr bool is_sanitized = false;
#endif
#ifdef NDEBUG
constexpr bool is_fast_build = !is_sanitized;
#else
constexpr bool is_fast_build = false;
#endif

/// What a table may cost in CPU, by a plain map of the same names: a ratio, for machines differ and are busy.
constexpr double most_of_plain = 1;

/// Of this process, so that the machine's other work does not count.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double cpu_of(const std::function<void()>& work) {
  const double begun = cpu_seconds();
  work();
  return cpu_seconds() - begun;
}

/// The names of a hosts file and their addresses, as one would write it without a thought.
std::unordered_map<std::string, std::string> plain_map(const std::string& text) {
  std::unordered_map<std::string, std::string> names;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string address;
    words >> address;
    for (std::string name; words >> name;) names.emplace(std::move(name), address);
  }
  return names;
}

}  // namespace

TEST_CASE("another machine is told no address that would lead it to itself") {
  const Hosts hosts = Hosts::parse(
      "127.0.1.1 server.home.example server\n::1 server ip6-only\n127.9.9.9 both\n192.168.1.2 both\n"
      "::ffff:127.0.1.1 mapped\n0.0.0.0 ads.example\n127.0.0.1 tracker.example\nfd00::2 server\n");
  const auto told = [&](std::string_view name, Type type) -> std::optional<std::size_t> {
    const Name asked = Name::from_text(name).value();
    const auto image = hosts.answer(question(name, type), asked.wire(), Asker::another_machine);
    if (!image) return std::nullopt;
    const Message answer = message(*image);
    CHECK(answer.rcode() == Rcode::noerror);
    return static_cast<std::size_t>(
        std::ranges::count(answer.records(), Section::answer, [](const auto& record) { return record.section; }));
  };
  for (const auto* name : {"server.home.example", "server", "mapped", "tracker.example", "ip6-only"})
    CHECK(told(name, Type::a) == 0);
  CHECK(told("server", Type::aaaa) == 1);  // fd00::2
  CHECK(told("ip6-only", Type::aaaa) == 0);
  CHECK(told("mapped", Type::aaaa) == 0);
  CHECK(told("both", Type::a) == 1);
  CHECK(told("both", Type::any) == 1);
  CHECK(told("ads.example", Type::a) == 1);  // blocked is blocked
  CHECK_FALSE(told("1.1.0.127.in-addr.arpa", Type::ptr));
  CHECK(told("2.1.168.192.in-addr.arpa", Type::ptr) == 1);
  CHECK(said(hosts, "server.home.example") == "7f.00.01.01");
  CHECK(said(hosts, "1.1.0.127.in-addr.arpa", Type::ptr) == "server.home.example.");
}

TEST_CASE("A name has all addresses of its lines, each once, in the order of the file") {
  const Hosts hosts = Hosts::parse(
      "192.0.2.1 nas nas.lan\n"
      "2001:db8::1\tnas.lan\tnas   # the same box\n"
      "192.0.2.2 other nas\n"
      "192.0.2.1 NAS");
  CHECK(said(hosts, "nas") == "c0.00.02.01 c0.00.02.02");
  CHECK(said(hosts, "NAS.Lan") == "c0.00.02.01");
  CHECK(said(hosts, "nas", Type::aaaa) == "20010db8000000000000000000000001");
  CHECK(said(hosts, "nas.lan", Type::any) == "c0.00.02.01 20010db8000000000000000000000001");
  CHECK(said(hosts, "nas.example") == "-");
  CHECK(said(hosts, "lan") == "-");
  CHECK(hosts.names() == 3);
  CHECK(hosts.skipped_lines() == 0);
}

TEST_CASE("A type that a name does not have is NODATA with an SOA, not somebody else's to answer") {
  const Hosts hosts = Hosts::parse("192.0.2.1 nas.example.com");
  for (const Type type : {Type::aaaa, Type::https, Type::svcb, Type::mx, Type::txt, Type::ptr}) {
    const auto image = ask(hosts, "nas.example.com", type);
    REQUIRE(image);
    const auto records = message(*image).records();
    CHECK(image->kind == AnswerKind::nodata);
    REQUIRE(records.size() == 1);
    CHECK(records[0].type == Type::soa);
    CHECK(records[0].section == Section::authority);
  }
  CHECK(!hosts.answer({Name::from_text("nas.example.com").value(), Type::a, Class::ch},
                      Name::from_text("nas.example.com").value().wire()));
}

TEST_CASE("An address has the first name of the first line that names it") {
  const Hosts hosts = Hosts::parse(
      "192.168.1.5 nas.lan nas\n192.168.1.5 other\nfd00::A5 six\n0.0.0.0 ads.example\n:: ads.example\n127.0.1.1 me\n");
  CHECK(said(hosts, "5.1.168.192.in-addr.ARPA", Type::ptr) == "nas.lan.");
  CHECK(said(hosts, "5.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", Type::ptr) == "six.");
  CHECK(said(hosts, "5.1.168.192.in-addr.arpa", Type::txt).empty());
  CHECK(said(hosts, "6.1.168.192.in-addr.arpa", Type::ptr) == "-");
  CHECK(said(hosts, "1.1.0.127.in-addr.arpa", Type::ptr) == "me.");
  CHECK(said(hosts, "0.0.0.0.in-addr.arpa", Type::ptr) == "-");
  CHECK(said(hosts, "ads.example") == "00.00.00.00");
}

TEST_CASE("localhost stays what RFC 6761 says, whatever the file says") {
  const Hosts hosts =
      Hosts::parse("127.0.0.1 localhost here\n::1 localhost ip6-loopback\n10.0.0.1 www.LOCALHOST localhost");
  CHECK(said(hosts, "localhost") == "-");
  CHECK(said(hosts, "www.localhost") == "-");
  CHECK(said(hosts, "here") == "7f.00.00.01");
  CHECK(said(hosts, "ip6-loopback", Type::aaaa) == "00000000000000000000000000000001");
  CHECK(said(hosts, "1.0.0.127.in-addr.arpa", Type::ptr) == "-");
  CHECK(hosts.skipped_lines() == 0);
}

TEST_CASE("What makes no sense is skipped, and nothing else with it") {
  const Hosts hosts = Hosts::parse(
      "nonsense\n"
      "192.0.2.300 a\n"
      "192.0.2.1\n"
      "192.0.2.1 good ..bad also-good\n"
      "\r\n"
      "   # only a comment\n"
      "fe80::1%eth0 link\r\n"
      "1.2.3.4.5 b\n" +
      ("192.0.2.3 " + std::string(300, 'x')) + " kept\n" + "192.0.2.4 . back\\slash\n" +
      std::string("192.0.2.5 n\0ul\n", 15));
  CHECK(said(hosts, "good") == "c0.00.02.01");
  CHECK(said(hosts, "also-good") == "c0.00.02.01");
  CHECK(said(hosts, "kept") == "c0.00.02.03");
  CHECK(said(hosts, "link", Type::aaaa) == "fe800000000000000000000000000001");
  CHECK(said(hosts, "a") == "-");
  CHECK(said(hosts, "b") == "-");
  CHECK(hosts.skipped_lines() == 8);
}

TEST_CASE("Random octets are read without harm") {
  std::mt19937 random(7);
  const std::string_view alphabet = "0123456789abcdef.:%# \t\n\\-\xff";
  for (int round = 0; round < 300; ++round) {
    std::string text(random() % 2000, ' ');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    const Hosts hosts = Hosts::parse(text);
    CHECK(hosts.names() <= text.size());
  }
}

TEST_CASE("A name with very many addresses has an answer that can be sent") {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += fmt::format("10.0.{}.{} many\n2001:db8::{:x} many\n", i / 256, i % 256, i + 1);
  const Hosts hosts = Hosts::parse(text);
  const auto image = ask(hosts, "many", Type::any);
  REQUIRE(image);
  CHECK(message(*image).index().answers == Hosts::most_addresses);
  CHECK(image->wire.size() < 4096);
}

TEST_CASE("A hundred thousand lines load as fast as a plain map of them, take few octets, and every name is found") {
  std::string text;
  for (int i = 0; i < 100'000; ++i)
    text +=
        fmt::format("10.{}.{}.{} host{}.building{}.corp.example h{}\n", i >> 16, i >> 8 & 255, i & 255, i, i % 97, i);
  double best = 1e9, plain = 1e9;
  Hosts hosts;
  for (int round = 0; round < 3; ++round) {  // by turns, so that both meet the same machine
    plain = std::min(plain, cpu_of([&] { CHECK(plain_map(text).size() == 200'000); }));
    best = std::min(best, cpu_of([&] { hosts = Hosts::parse(text); }));
  }
  MESSAGE("100,000 lines of ", text.size(), " octets: ", best * 1000, " ms, ", hosts.octets(),
          " octets; a plain map: ", plain * 1000, " ms");
  if (is_fast_build) CHECK(best <= most_of_plain * plain);
  CHECK(hosts.octets() <= 6 * text.size());
  CHECK(hosts.names() == 200'000);
  for (int i = 0; i < 100'000; i += 997) {
    CHECK(said(hosts, fmt::format("h{}", i)) == said(hosts, fmt::format("host{}.building{}.corp.example", i, i % 97)));
    CHECK(said(hosts, fmt::format("{}.{}.{}.10.in-addr.arpa", i & 255, i >> 8 & 255, i >> 16), Type::ptr) ==
          fmt::format("host{}.building{}.corp.example.", i, i % 97));
  }
  int passed = 0;
  for (unsigned i = 0; i < 10'000; ++i) passed += hosts.might_hold(absent(i).wire()) ? 1 : 0;
  CHECK(passed < 2000);
}

TEST_CASE("An empty table holds nothing") {
  const Hosts hosts = Hosts::parse("# nothing\n\n");
  CHECK(!hosts.might_hold(absent(1).wire()));
  CHECK(said(hosts, "www.example") == "-");
  CHECK(Hosts().names() == 0);
}
