#include "cli/browser/browser_machine.hpp"

#include <vector>

namespace tacet {
namespace {

constexpr auto service = "tacet.service";
constexpr auto timer = "tacet-browser.timer";

}  // namespace

Result<void> BrowserMachine::check_rights() const {
  return acts() && is_here() ? check_root("files of the system") : Result<void>();
}

bool BrowserMachine::service_runs() const {
  return is_here() && has_systemd() && output_of({.words = {"systemctl", "is-active", service}}).has_value();
}

bool BrowserMachine::timer_runs() const {
  return is_here() && has_systemd() && output_of({.words = {"systemctl", "is-active", timer}}).has_value();
}

Result<void> BrowserMachine::run_systemctl(const std::vector<std::string>& words) const {
  Command command{.words = words};
  command.words.insert(command.words.begin(), "systemctl");
  to_.out << "run " << to_string(command) << '\n';
  to_.out.flush();
  return acts() ? run(command) : Result<void>();
}

Result<void> BrowserMachine::restart_service() const {
  return service_runs() ? run_systemctl({"restart", service}) : Result<void>();
}

Result<void> BrowserMachine::set_timer(bool on) const {
  if (!is_here() || !has_systemd() || !output_of({.words = {"systemctl", "cat", timer}})) return {};
  const bool is_on = output_of({.words = {"systemctl", "is-enabled", timer}}).has_value() && timer_runs();
  if (is_on == on) return {};
  return run_systemctl({on ? "enable" : "disable", "--now", timer});
}

}  // namespace tacet
