#pragma once
#include <string>
#include <string_view>

#include "tacet/instant.hpp"

namespace tacet {

/// The certificate of an encrypted listener.
struct CertificateReport {
  std::string_view listener;  ///< "tls", "https"
  std::string file;           ///< the path of the file that holds it
  WallTime not_before{}, not_after{};
  WallTime now{};  ///< the time of day of this report
};

/// Whole days until its end, rounded down; negative once it has ended.
int days_left(const CertificateReport& certificate);

/// What to do if it has ended or ends soon: within 14 days, or within a sixth of its lifetime if that is less. Empty
/// otherwise, and while the clock stands before its beginning.
std::string expiry_warning(const CertificateReport& certificate);

}  // namespace tacet
