#pragma once
#include <map>
#include <string>
#include <vector>

#include "report/certificate_report.hpp"

namespace tacet {

/// Logs the certificates of our listeners that end soon, each once a day.
class ExpiryLog {
public:
  /// Looks at these certificates now; call it often, such as once a minute.
  void look(const std::vector<CertificateReport>& certificates, Instant now);

private:
  std::map<std::string, Instant> last_;  // by file
};

}  // namespace tacet
