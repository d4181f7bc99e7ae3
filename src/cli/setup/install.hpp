#pragma once
#include <iosfwd>
#include <string>

namespace tacet {

/// The request of `tacet install` and `tacet uninstall`.
struct InstallRequest {
  std::string manager;               ///< --manager; found by /etc/resolv.conf if empty
  std::string server = "127.0.0.1";  ///< --server, where tacet answers at port 53
  std::string socket;                ///< tacet's control socket, which identifies it
  std::string root;                  ///< --root: changes files below it, runs no program; empty is this machine
  bool dry_run = false;              ///< --dry-run: only prints what it would do
};

/// `tacet install`: makes this machine's programs ask tacet, through the program that manages its DNS. Prints every
/// change on `out`, and warnings on `err`. It asks tacet first. Afterwards all names that programs ask for must arrive
/// at tacet and nowhere else; otherwise it puts everything back. A second run changes nothing. Returns the exit code:
/// 0, or 1 with the reason on `err`.
int run_install(const InstallRequest& request, std::ostream& out, std::ostream& err);

/// `tacet uninstall`: puts everything back as `tacet install` found it. It succeeds if there is nothing to undo.
int run_uninstall(const InstallRequest& request, std::ostream& out, std::ostream& err);

}  // namespace tacet
