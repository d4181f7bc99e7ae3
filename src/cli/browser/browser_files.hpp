#pragma once
#include <string>

#include "cli/browser/authority.hpp"
#include "cli/browser/config_block.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The authority and the listener's certificate in browser_folder, below a root. Only root may read the authority's
/// key (mode 0600). Root and the group tacet, in which the service runs, may read the listener's (0640).
class BrowserFiles {
public:
  explicit BrowserFiles(std::string root) : root_(std::move(root)) {}

  /// Where tacet and the browsers find them, below the root.
  static ListenerFiles listener();
  static std::string authority_path();

  /// The authority's certificate in PEM, or nothing if there is none. Fault: system.
  Result<std::string> authority() const;
  /// The listener's certificate in PEM, or nothing.
  Result<std::string> leaf() const;

  /// Makes what is missing, does not belong together, or ends soon. Returns true if it made something. Faults: system,
  /// malformed.
  Result<bool> make(WallTime now) const;
  /// Makes a new certificate for the listener if the present one ends soon, by the same authority, so that no browser
  /// notices. Faults: refused (there is no authority, or it ends itself), system, malformed.
  Result<bool> renew(WallTime now) const;

private:
  Result<std::string> read(const std::string& path) const;
  Result<CertifiedKey> authority_with_key() const;
  Result<void> keep(const CertifiedKey& made, const ListenerFiles& files, bool for_service) const;
  Result<bool> renew_by(const CertifiedKey& authority, WallTime now) const;

  std::string root_;
};

}  // namespace tacet
