#pragma once
#include <string>

#include "base/descriptor.hpp"

namespace tacet {

/// Mozilla's authorities as Debian installs them, in one bundle that lives in memory. Authorities that somebody added
/// to this machine are not among them.
class MozillaRoots {
public:
  MozillaRoots();

  bool present() const { return static_cast<bool>(bundle_); }
  /// The path of the bundle for this process; empty if there is none.
  std::string path() const;

private:
  Descriptor bundle_;
};

}  // namespace tacet
