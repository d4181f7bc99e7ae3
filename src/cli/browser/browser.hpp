#pragma once
#include <iosfwd>
#include <string>

#include "cli/command_line.hpp"

namespace tacet {

/// The request of `tacet browser`.
struct BrowserRequest {
  std::string config = service_config_file;  ///< --config: the file that turns the listener on
  std::string root;                          ///< --root: changes files below it, runs no program
  bool dry_run = false;                      ///< --dry-run: only prints what it would do
  bool firefox = false;                      ///< --firefox: a policy for Firefox, too
};

/// `tacet browser setup`: makes this machine's browsers ask tacet over HTTPS, so that they learn the keys of ECH and
/// use them. It makes a local authority, turns the listener on, and, once that answers, writes the browsers' policies.
/// Prints every change on `out`, and on `err` what it cannot do. A second run changes nothing. Returns the exit code.
int run_browser_setup(const BrowserRequest& request, std::ostream& out, std::ostream& err);

/// `tacet browser undo`: takes everything back, byte for byte. Leaves a file that somebody changed since, says what to
/// do about it, and returns 1. It succeeds if there is nothing to undo.
int run_browser_undo(const BrowserRequest& request, std::ostream& out, std::ostream& err);

/// `tacet browser status`: each browser of this machine, the listener and its certificate. Changes nothing. Returns 0
/// if each browser that needs a policy has it and the listener answers.
int run_browser_status(const BrowserRequest& request, std::ostream& out, std::ostream& err);

/// `tacet browser renew`: a new certificate for the listener if the present one ends within 30 days. The packaged timer
/// runs it each day.
int run_browser_renew(const BrowserRequest& request, std::ostream& out, std::ostream& err);

}  // namespace tacet
