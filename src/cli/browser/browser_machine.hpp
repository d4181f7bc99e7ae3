#pragma once
#include <ostream>
#include <string>
#include <string_view>

#include "cli/browser/browser.hpp"
#include "cli/setup/command.hpp"
#include "cli/setup/file_image.hpp"
#include "cli/words.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The machine of a `tacet browser` run, or the system below --root: says each step, and does it unless this is a
/// rehearsal.
class BrowserMachine {
public:
  BrowserMachine(const BrowserRequest& request, const Streams& to) : request_(request), to_(to) {}

  /// True if this is the running system.
  bool is_here() const { return request_.root.empty(); }
  /// True if steps are done, and not only said.
  bool acts() const { return !request_.dry_run; }
  std::string at_root(std::string_view path) const { return request_.root + std::string(path); }

  /// Fault: refused (the changes need root).
  Result<void> check_rights() const;
  void say(std::string_view line) const { to_.out << line << '\n'; }
  void warn(std::string_view line) const { to_.err << "tacet: " << line << '\n'; }
  /// Says that a file is written, and which lines are new in it.
  void say_writing(const std::string& path, std::string_view text) const { tacet::say_writing(to_.out, path, text); }

  /// True if tacet.service runs.
  bool service_runs() const;
  /// Restarts tacet.service, if it runs. Fault: system.
  Result<void> restart_service() const;
  /// Starts or ends the timer that renews the certificate, if the package's unit is there. Fault: system.
  Result<void> set_timer(bool on) const;
  /// True if systemd will run the timer.
  bool timer_runs() const;

private:
  Result<void> run_systemctl(const std::vector<std::string>& words) const;

  const BrowserRequest& request_;
  Streams to_;
};

}  // namespace tacet
