#include "doctor/portal_check.hpp"

#include <doctest/doctest.h>

#include "dns/message_builder.hpp"

using namespace tacet;

namespace {

/// The plain answer with one address for a name.
ClearSeen seen(const char* check, const char* name, std::uint8_t last_octet) {
  ClearSeen made{.query = {.check = check,
                           .server_name = "somebody",
                           .server = {.address = "192.168.1.1"},
                           .question = {Name::from_text(name).value(), Type::a}},
                 .outcome = {},
                 .judgements = {}};
  MessageBuilder builder(made.query.question);
  builder.begin_record({.owner = made.query.question.name, .type = Type::a, .rclass = Class::in, .ttl = 60});
  builder.octets(std::vector<std::uint8_t>{10, 0, 0, last_octet});
  builder.end_record();
  made.outcome.answers.push_back({Message::parse(builder.finish(flag::qr)).value(), 0, {}});
  return made;
}

UpstreamEvidence untrusted() {
  ReachTry failed;
  failed.trouble = Error{Fault::tls_untrusted, "of somebody else"};
  UpstreamEvidence evidence;
  evidence.tries = {failed};
  return evidence;
}

}  // namespace

TEST_CASE("One address for every name, even for one that cannot exist, is a portal") {
  const PathEvidence path{.clear = {seen("path.forged", "isc.org", 1), seen("path.forged", "nic.cz", 1),
                                    seen("path.nxdomain", "abcdef", 1)},
                          .encrypted = {}};
  CHECK(judge_portal(path, untrusted(), {}).severity == Severity::failure);
  auto reached = untrusted();
  reached.tries.front().trouble.reset();
  CHECK(judge_portal(path, reached, {}).severity == Severity::ok);
  const PathEvidence rewritten{.clear = {seen("path.forged", "isc.org", 1), seen("path.forged", "nic.cz", 2),
                                         seen("path.nxdomain", "abcdef", 3)},
                               .encrypted = {}};
  CHECK(judge_portal(rewritten, untrusted(), {}).severity == Severity::unknown);
}

TEST_CASE("A page that was fetched on purpose decides") {
  using enum PortalProbe::Outcome;
  const auto verdict = [](PortalProbe::Outcome outcome) {
    return judge_portal({}, untrusted(),
                        {.word = {}, .page = {}, .probe = PortalProbe{outcome, "words", "http://login/"}});
  };
  CHECK(verdict(true_page).severity == Severity::ok);
  CHECK(verdict(another_page).severity == Severity::failure);
  CHECK(verdict(another_page).remedy.find("http://login/") != std::string::npos);
  CHECK(verdict(silent).severity == Severity::unknown);
}

TEST_CASE("The word of this machine's network manager suffices for a portal while nothing answers") {
  const auto finding = judge_portal({}, untrusted(), {.word = "", .page = "https://portal.example/"});
  CHECK(finding.severity == Severity::failure);
  CHECK(finding.remedy.find("https://portal.example/") != std::string::npos);
  CHECK(judge_portal({}, untrusted(), {}).severity == Severity::unknown);
}
