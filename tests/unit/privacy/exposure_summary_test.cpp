#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>

#include "base/log.hpp"
#include "privacy/exposure_log.hpp"
#include "unit/dns/wire_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

constexpr Instant start{hours(100)};

/// Standard error, where the log goes, caught in a file while this lives.
class Caught {
public:
  Caught() : file_(std::tmpfile()), before_(::dup(2)) {
    ::dup2(::fileno(file_), 2);
    log::start(LogLevel::info);
  }
  ~Caught() {
    ::dup2(before_, 2);
    ::close(before_);
    std::fclose(file_);
  }
  std::size_t lines_with(std::string_view words) {
    std::string text;
    std::rewind(file_);
    for (int c = std::fgetc(file_); c != EOF; c = std::fgetc(file_)) text += static_cast<char>(c);
    std::size_t count = 0;
    for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) ++count;
    return count;
  }

private:
  std::FILE* file_;
  int before_;
};

NameExposure seen(std::string_view text, Instant when, EchState state = EchState::unknown) {
  const Octets octets = name(text);
  NameExposure exposure{.name = {octets.begin(), octets.end()}, .queries = 1, .last_query = when};
  if (state != EchState::unknown) exposure.history.push_back({state, start, start});
  return exposure;
}

}  // namespace

TEST_CASE("The hourly summary counts what was asked since the last one, without any name") {
  Caught log;
  ExposureLog exposure({}, start);
  CHECK(!exposure.summary_due(start + minutes(59)));
  REQUIRE(exposure.summary_due(start + hours(1)));
  Exposure report;
  report.add(seen("old.secret.example", start - minutes(1)));
  report.add(seen("www.secret.example", start + minutes(1), EchState::ech));
  report.add(seen("two.secret.example", start + minutes(2), EchState::no_ech));
  report.add(seen("three.secret.example", start + minutes(2), EchState::no_https));
  report.add(seen("four.secret.example", start + minutes(3)));
  exposure.summarise(report, start + hours(1));
  CHECK(log.lines_with("last hour: 4 names; 1 offer ECH") == 1);
  CHECK(log.lines_with("2 do not") == 1);
  CHECK(log.lines_with("1 not known") == 1);
  CHECK(log.lines_with("secret") == 0);
}

TEST_CASE("An hour in which nothing was asked has no summary") {
  Caught log;
  ExposureLog exposure({}, start);
  Exposure report;
  report.add(seen("www.example", start + minutes(1)));
  REQUIRE(exposure.summary_due(start + hours(1)));
  exposure.summarise(report, start + hours(1));
  CHECK(!exposure.summary_due(start + hours(1) + minutes(59)));
  REQUIRE(exposure.summary_due(start + hours(2)));
  exposure.summarise(report, start + hours(2));
  CHECK(log.lines_with("last hour") == 1);
  CHECK(summary_of({}).empty());
}

TEST_CASE("Domains reach the log only if asked for, and once a day") {
  Caught log;
  ExposureLog exposure({.log_names = true}, start);
  for (int hour = 1; hour <= 25; ++hour) {
    const Instant now = start + hours(hour);
    REQUIRE(exposure.summary_due(now));
    Exposure report;
    report.add(seen("www.shop.co.uk", now - minutes(1)));
    report.add(seen("img.shop.co.uk", now - minutes(1)));
    exposure.summarise(report, now);
  }
  CHECK(log.lines_with("exposure of shop.co.uk: 2 names") == 2);
  CHECK(log.lines_with("www.shop") == 0);
}

TEST_CASE("An upstream that never pads is named, one that does is not") {
  Caught log;
  ExposureLog exposure({}, start);
  const auto facts = std::make_shared<const ConnectionFacts>(ConnectionFacts{.address = "192.0.2.1:443"});
  Exposure report;
  report.add({.upstream = "https://bare.example", .facts = facts, .answers = 20});
  report.add({.upstream = "https://few.example", .facts = facts, .answers = 19});
  report.add({.upstream = "https://pads.example", .facts = facts, .answers = 100, .padded = 90});
  for (int times = 0; times < 2; ++times) exposure.summarise(report, start + hours(times));
  CHECK(log.lines_with("bare.example") == 1);
  CHECK(log.lines_with("few.example") == 0);
  CHECK(log.lines_with("pads.example") == 0);
}
