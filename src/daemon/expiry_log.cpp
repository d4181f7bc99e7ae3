#include "daemon/expiry_log.hpp"

#include "base/log.hpp"

namespace tacet {

void ExpiryLog::look(const std::vector<CertificateReport>& certificates, Instant now) {
  for (const CertificateReport& certificate : certificates) {
    const auto warning = expiry_warning(certificate);
    if (warning.empty()) {
      last_.erase(certificate.file);
      continue;
    }
    const auto [last, is_first] = last_.try_emplace(certificate.file, now);
    if (!is_first && now - last->second < std::chrono::days(1)) continue;
    last->second = now;
    log::warn("{}", warning);
  }
}

}  // namespace tacet
