#pragma once
#include <iosfwd>
#include <string>

namespace tacet {

/// What `tacet install` and `tacet uninstall` were asked to do.
struct InstallRequest {
  std::string manager;               ///< --manager; found by /etc/resolv.conf if empty
  std::string server = "127.0.0.1";  ///< --server, where tacet answers at port 53
  std::string socket;                ///< its control socket, by which it is known
  std::string root;                  ///< --root: files below it are changed, no program is run; empty is this machine
  bool dry_run = false;              ///< --dry-run: only says what it would do
};

/// `tacet install`: has this machine's programs ask tacet, through whoever manages its DNS. Says every change on `out`,
/// and warnings on `err`. Asks tacet first; afterwards names that programs ask for must arrive there, and nobody else
/// may be asked for them: otherwise everything is put back. Done twice, the second time changes nothing. Returns the
/// exit code: 0, or 1 with the reason on `err`.
int run_install(const InstallRequest& request, std::ostream& out, std::ostream& err);

/// `tacet uninstall`: puts everything back as `tacet install` found it. Nothing to undo is no failure.
int run_uninstall(const InstallRequest& request, std::ostream& out, std::ostream& err);

}  // namespace tacet
