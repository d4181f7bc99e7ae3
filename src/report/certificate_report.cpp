#include "report/certificate_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "report/query_line.hpp"

namespace tacet {

int days_left(const CertificateReport& certificate) {
  return static_cast<int>(std::chrono::floor<std::chrono::days>(certificate.not_after - certificate.now).count());
}

std::string expiry_warning(const CertificateReport& certificate) {
  const auto left = certificate.not_after - certificate.now;
  const auto lifetime = certificate.not_after - certificate.not_before;
  if (certificate.now < certificate.not_before ||
      left > std::min<WallTime::duration>(std::chrono::days(14), lifetime / 6))
    return {};
  const auto what = fmt::format("The certificate of the {} listener", certificate.listener);
  const auto cure = fmt::format("Renew {}; tacet reads it when it changes", certificate.file);
  if (left <= WallTime::duration::zero())
    return fmt::format("{} has ended ({}), so clients refuse it. {}", what, utc_text(certificate.not_after), cure);
  return fmt::format("{} ends within {} day{} ({}). {}", what, days_left(certificate) + 1,
                     days_left(certificate) == 0 ? "" : "s", utc_text(certificate.not_after), cure);
}

}  // namespace tacet
