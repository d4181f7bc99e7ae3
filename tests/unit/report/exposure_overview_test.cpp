#include "report/exposure_overview.hpp"

#include <doctest/doctest.h>

namespace tacet {
namespace {

NameExposure name(const char* label, EchState state) {
  NameExposure exposure{.name = std::string("\1") + label + "\7example\3com" + std::string(1, '\0')};
  if (state != EchState::unknown) exposure.history = {{state, {}, {}}};
  return exposure;
}

}  // namespace

TEST_CASE("names are counted by state, and a domain counts by the worst that is known of its names") {
  ExposureReport report{.mode = ExposureMode::passive};
  report.exposure.add(name("a", EchState::ech));
  report.exposure.add(name("b", EchState::unknown));
  ExposureOverview overview = report;
  CHECK(overview.mode == ExposureMode::passive);
  CHECK(sum_of(overview.names) == 2);
  CHECK(overview.domains[EchState::ech] == 1);
  CHECK(sum_of(overview.domains) == 1);
  CHECK(overview.offers.others == 1);

  report.exposure.add(name("c", EchState::no_ech));
  overview = report;
  CHECK(overview.domains[EchState::no_ech] == 1);
  report.exposure.add(name("d", EchState::no_https));
  overview = report;
  CHECK(overview.domains[EchState::no_https] == 1);
  CHECK(sum_of(overview.domains) == 1);
  CHECK(sum_of(overview.names) == 4);
}

}  // namespace tacet
