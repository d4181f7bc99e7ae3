#include "report/certificate_report.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;

namespace tacet {
namespace {

constexpr WallTime noon = std::chrono::sys_days(std::chrono::November / 28 / 2026) + 12h;
constexpr auto day = std::chrono::hours(24);

CertificateReport certificate(Duration lifetime, Duration left) {
  return {"https", "/etc/tacet/server.pem", noon + left - lifetime, noon + left, noon};
}

}  // namespace

TEST_CASE("a certificate is warned of within its last 14 days, or within the last sixth of a short life") {
  CHECK(expiry_warning(certificate(90 * day, 15 * day)).empty());
  CHECK(
      expiry_warning(certificate(90 * day, 13 * day)).contains("https listener ends within 14 days (2026-12-11T12:00"));
  CHECK(expiry_warning(certificate(6 * day, 2 * day)).empty());
  CHECK(expiry_warning(certificate(6 * day, 23h)).contains("ends within 1 day ("));
  CHECK(expiry_warning(certificate(90 * day, -1s)).contains("has ended (2026-11-28T11:59:59"));
  CHECK(expiry_warning(certificate(90 * day, -1s)).contains("Renew /etc/tacet/server.pem"));
}

TEST_CASE("nothing is said of a certificate whose time has not come: the clock may not be set") {
  CHECK(expiry_warning(certificate(5 * day, 6 * day)).empty());
}

TEST_CASE("days that are left are whole ones") {
  CHECK(days_left(certificate(90 * day, 2 * day)) == 2);
  CHECK(days_left(certificate(90 * day, 2 * day - 1s)) == 1);
  CHECK(days_left(certificate(90 * day, -1s)) == -1);
}

}  // namespace tacet
