#include "report/page/page.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "report/page/html.hpp"
#include "report/page/page_text.hpp"
#include "report/status_json.hpp"

using namespace std::chrono_literals;

namespace tacet {
namespace {

constexpr Instant noon{100h};

Snapshot snapshot() {
  Snapshot made{.uptime = 90min, .listen = {"127.0.0.1:53"}, .workers = 2};
  ChannelReport channel{
      .id = "tls://192.0.2.1", .operator_name = "one", .good = true, .p50 = 12ms, .p95 = 34ms, .p99 = 56ms};
  channel.state = {.warm = true, .connections = 1, .answers = 1234567, .failures = 8};
  channel.state.facts = std::make_shared<const ConnectionFacts>(ConnectionFacts{.address = "[2001:db8::1]:853",
                                                                                .sni = "dns.example",
                                                                                .tls_version = "TLSv1.3",
                                                                                .key_exchange = "X25519",
                                                                                .resumed = true});
  add_channels(made.upstreams, {channel});
  return made;
}

Snapshot with_validation(DnssecMode mode) {
  using std::chrono::sys_days, std::chrono::year;
  auto made = snapshot();
  const auto today = sys_days{year{2026} / 11 / 28};
  made.dnssec = {std::make_shared<const ValidationRules>(
                     ValidationRules{mode, root_anchors(), {}, {{"/usr/share/dns/root.ds", today - 48h}}}),
                 {},
                 {{"corp.example", sys_days{year{2026} / 11 / 30}}, {"old.example", sys_days{year{2026} / 11 / 27}}},
                 today};
  return made;
}

std::string page(const Snapshot& shown, const ExposureOverview& exposure = {},
                 const std::vector<HistoryMinute>& minutes = {}) {
  return page_html({shown, exposure, minutes, noon});
}

}  // namespace

TEST_CASE("the page tells everything without its script") {
  const std::string text = page(snapshot());
  for (const char* words :
       {"Encrypted to one by DoT; nothing in clear; no warnings.", "tls://192.0.2.1", "IPv6", "[2001:db8::1]:853",
        "TLSv1.3", "X25519, resumed", "sent in clear", "dns.example", "12 ms", "34 ms", "56 ms", "1\u202F234\u202F567",
        "1 h 30 min", "127.0.0.1:53", "All is well", TACET_VERSION})
    CHECK_MESSAGE(text.contains(words), std::string(words));
  CHECK_FALSE(text.contains("<!--#"));
}

TEST_CASE("every number that the script keeps fresh is in the status") {
  auto shown = with_validation(DnssecMode::on);
  shown.zones = {{"lan", true, snapshot().upstreams}};
  for (auto& count : shown.metrics.bogus_answers) count = 1;
  ExposureOverview exposure;
  exposure.mode = ExposureMode::passive;
  exposure.domains[EchState::ech] = 1;
  exposure.offers = {.only_for_ech = 1};
  const std::string text = page(shown, exposure);
  auto status = nlohmann::json::parse(status_json(shown, {}));
  std::size_t found = 0;
  const std::string mark = "data-v=\"";
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1), ++found) {
    const auto begin = at + mark.size();
    std::string path = "/" + text.substr(begin, text.find('"', begin) - begin);
    std::ranges::replace(path, '.', '/');
    CAPTURE(path);
    const nlohmann::json::json_pointer place(path);
    REQUIRE(status.contains(place));
    CHECK((status.at(place).is_number() || status.at(place).is_null()));
  }
  CHECK(found > 40);
}

TEST_CASE("no text can leave its place in the page, whoever wrote it") {
  const std::string hostile = "<script>\"'&</td><!--#version-->";
  auto shown = snapshot();
  shown.upstreams.front().id = hostile;
  shown.upstreams.front().operator_name = hostile;
  shown.upstreams.front().good = false;
  auto& state = shown.upstreams.front().channels.front().state;
  state.last_error = hostile;
  state.facts = std::make_shared<const ConnectionFacts>(
      ConnectionFacts{.address = hostile, .sni = hostile, .tls_version = hostile, .key_exchange = hostile});
  shown.zones = {{hostile, true, shown.upstreams}};
  shown.listen = {hostile};
  shown.rebind = {.protect = true, .allow = {hostile}};
  shown.listen_absent = {hostile};
  shown.query_log.to = hostile;
  shown.confinement.user = hostile;
  shown.dnssec.rules = std::make_shared<const ValidationRules>(
      ValidationRules{DnssecMode::on, root_anchors(), {}, {{hostile, WallTime()}}});
  shown.dnssec.ignored = {{hostile, {}}};
  ExposureOverview exposure;
  exposure.endpoints.push_back({.upstream = hostile, .facts = state.facts});
  const std::string text = page(shown, exposure);
  CHECK_FALSE(text.contains(hostile));
  CHECK_FALSE(text.contains("<!--#"));
  std::size_t scripts = 0;
  for (auto at = text.find("<script>"); at != std::string::npos; at = text.find("<script>", at + 1)) ++scripts;
  CHECK(scripts == 1);
  CHECK(html_text("<a href=\"x\">'&") == "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
}

TEST_CASE("the exposure is told in numbers of sites") {
  ExposureOverview exposure;
  CHECK(page(snapshot(), exposure).contains("keeps no names"));
  exposure.mode = ExposureMode::passive;
  CHECK(page(snapshot(), exposure).contains("No program has asked"));
  exposure.domains[EchState::ech] = 3;
  exposure.domains[EchState::no_https] = 1;
  const std::string text = page(snapshot(), exposure);
  CHECK(text.contains("<b>4</b> sites"));
  CHECK(text.contains("75.0 %"));
  CHECK(text.contains(R"(width="25.00%")"));
}

TEST_CASE("names that offer ECH are told by how clients asked for them") {
  ExposureOverview exposure;
  exposure.mode = ExposureMode::passive;
  exposure.domains[EchState::ech] = 5;
  CHECK_FALSE(page(snapshot(), exposure).contains("offer_ech"));
  exposure.offers = {.only_for_ech = 3, .others = 2};
  const std::string text = page(snapshot(), exposure);
  CHECK(text.contains(R"("exposure.offer_ech.asked_only_for_ech" data-f="n">3<)"));
  CHECK(text.contains(R"("exposure.offer_ech.asked_otherwise" data-f="n">2<)"));
}

TEST_CASE("names are shown only to a view that has them") {
  const auto wire = [](const char* text) { return std::string(chars_of(Name::from_text(text)->wire())); };
  Exposure names;
  names.add(NameExposure{.name = wire("www.secret.example"), .queries = 7});
  for (int i = 0; i < 60; ++i)
    names.add(NameExposure{.name = wire(("www.site" + std::to_string(i) + ".example").c_str()), .queries = 1});
  names.add(FailedQuestion{wire("broken.example"), Type::a, "SERVFAIL: <nobody> answered", 3, noon - 90s});
  ExposureOverview exposure;
  exposure.mode = ExposureMode::passive;
  const Snapshot shown = snapshot();
  CHECK_FALSE(page(shown, exposure).contains("secret.example"));
  CHECK_FALSE(page(shown, exposure).contains("Names that programs asked for"));
  const std::string text = page_html({shown, exposure, {}, noon, &names});
  for (const char* words :
       {"<code>secret.example</code><small>www.secret.example</small>", "<code>broken.example</code><small>A</small>",
        "SERVFAIL: &lt;nobody&gt; answered", "1 min ago", "And 21 more"})
    CHECK_MESSAGE(text.contains(words), std::string(words));
  CHECK(text.size() <= 60U * 1024);
  exposure.mode = ExposureMode::off;
  CHECK(page_html({shown, exposure, {}, noon, &names}).contains("tacet keeps no names"));
  CHECK_FALSE(page_html({shown, exposure, {}, noon, &names}).contains("secret.example"));
}

TEST_CASE("the part on validation says what the mode does, and shows no number while it is off") {
  CHECK(page(snapshot()).contains("Off: tacet looks at no signature"));
  CHECK_FALSE(page(snapshot()).contains("data-v=\"dnssec."));
  auto shown = with_validation(DnssecMode::log);
  CHECK(page(shown).contains("Watching only"));
  shown = with_validation(DnssecMode::on);
  CHECK(page(shown).contains("On: a program gets an answer only if"));
}

TEST_CASE("validation shows verdicts, the reasons that occurred, zones and anchors") {
  auto shown = with_validation(DnssecMode::on);
  CHECK_FALSE(page(shown).contains("Bogus because of"));
  shown.metrics.dnssec_verdicts = {4, 1001, 22, 3};
  shown.metrics.bogus_answers[bogus_reason(7)] = 2;
  shown.metrics.bogus_answers[bogus_reason(22)] = 1;
  shown.dnssec.zones = {11, 12, 13, 14};
  const std::string text = page(shown);
  for (const char* words : {">1\u202F001</span> proven", ">22</span> of unsigned", ">3</span> bogus",
                            ">4</span> that nobody could judge", ">2</span> signature expired", ">1</span> other",
                            ">11</span> signed with proven keys", ">12</span> signed whose", ">13</span> unsigned",
                            "the root: 20326, 38696", "<code>/usr/share/dns/root.ds</code>, 2 d 0 h old",
                            "corp.example until 2026-11-30", "old.example until 2026-11-27, which has passed"})
    CHECK_MESSAGE(text.contains(words), std::string(words));
  CHECK_FALSE(text.contains("dnskey missing"));
  CHECK_FALSE(text.contains("The clock is not set"));
  shown.dnssec.now = WallTime();
  CHECK(page(shown).contains("The clock is not set"));
}

TEST_CASE("hours that are known are rows, the latest first") {
  const std::vector<HistoryMinute> minutes{{.end = noon - 3h, .seconds = 60, .cache = 7, .waited_p50 = 0.5F},
                                           {.end = noon - 30min,
                                            .seconds = 60,
                                            .cache = 30,
                                            .upstream = 10,
                                            .failure = 2,
                                            .waited_p50 = 0.02F,
                                            .waited_p99 = 0.04F}};
  const std::string text = page(snapshot(), {}, minutes);
  const auto now = text.find("this hour"), before = text.find("3 h ago");
  REQUIRE(now != std::string::npos);
  REQUIRE(before != std::string::npos);
  CHECK(now < before);
  CHECK_FALSE(text.contains("2 h ago"));
  CHECK(text.contains(R"(<dd data-h="questions">49</dd>)"));
  CHECK(text.contains(R"(<dd data-h="failure">2</dd>)"));
  CHECK(text.contains(R"(<dd data-h="p50">20 ms</dd>)"));
}

TEST_CASE("the history comes in columns with ages") {
  const std::vector<HistoryMinute> minutes{{.end = noon - 60s,
                                            .seconds = 60,
                                            .policy = 1,
                                            .cache = 2,
                                            .stale = 3,
                                            .upstream = 4,
                                            .failure = 5,
                                            .waited_p50 = 0.0123F},
                                           {.end = noon, .seconds = 7.5F}};
  const auto json = nlohmann::json::parse(history_json(minutes, noon));
  REQUIRE(json.at("minutes").size() == 2);
  CHECK(json.at("columns").size() == json.at("minutes")[0].size());
  CHECK(json.at("minutes")[0] == nlohmann::json{60, 60, 1, 2, 3, 4, 5, 12.3, 0, 0});
  CHECK(json.at("minutes")[1][1] == 7.5);
}

TEST_CASE("numbers are words that people read") {
  CHECK(count_words(0) == "0");
  CHECK(count_words(999) == "999");
  CHECK(count_words(1000) == "1\u202F000");
  CHECK(milliseconds_words(0.25) == "250 µs");
  CHECK(milliseconds_words(2.34) == "2.3 ms");
  CHECK(milliseconds_words(1500) == "1.5 s");
  CHECK(duration_words(59.9) == "59 s");
  CHECK(duration_words(90000) == "1 d 1 h");
  CHECK(share_words(0.1234) == "12.3 %");
}

TEST_CASE("the policy names no source but the page's own style and script") {
  const std::string fields = page_fields();
  CHECK(fields.contains("default-src 'none'"));
  CHECK(fields.contains(page_style_hash()));
  CHECK(fields.contains(page_script_hash()));
  CHECK(page_script_hash().size() == std::string_view("sha256-").size() + 44);
  CHECK_FALSE(fields.contains("unsafe"));
  CHECK_FALSE(fields.contains("http"));
  CHECK(fields.ends_with("\r\n"));
  CHECK(page_text().size() <= 60U * 1024);
}

}  // namespace tacet
