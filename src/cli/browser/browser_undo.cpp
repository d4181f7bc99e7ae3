#include "cli/browser/browser_undo.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <ranges>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/browser/browser_files.hpp"
#include "cli/browser/config_block.hpp"

namespace tacet {
namespace {

/// All recorded files but the configuration are policies.
bool is_policy(const std::string& path) { return path.ends_with(".json"); }

/// Takes back every policy that it can. Returns the first fault.
Result<void> undo_policies(const BrowserMachine& machine, ChangeRecord& record) {
  Result<void> outcome;
  const std::vector<std::string> files = record.files();
  for (const auto& path : std::views::reverse(files)) {
    if (!is_policy(path)) continue;
    machine.say(fmt::format("put back {}", machine.at_root(path)));
    if (!machine.acts()) continue;
    const auto undone = record.undo(path);
    if (!undone && outcome) outcome = undone;
  }
  return outcome;
}

/// The configuration without what tacet wrote. Fault: refused, if it still names the files that are about to go.
Result<std::string> cleared(const std::string& now) {
  const auto files = BrowserFiles::listener();
  return has_listener(now, files) ? without_listener(now, files) : Result<std::string>(now);
}

Result<void> undo_configuration(const BrowserMachine& machine, ChangeRecord& record) {
  const std::vector<std::string> files = record.files();
  for (const auto& path : std::views::reverse(files)) {
    if (is_policy(path)) continue;
    machine.say(fmt::format("put back {}", machine.at_root(path)));
    if (!machine.acts()) continue;
    const auto now = read_image(machine.at_root(path));
    if (!now) return fail(now.error());
    if (const auto clear = cleared(now->content); !clear)
      return fail(clear.error().fault, fmt::format("{}: {}", machine.at_root(path), clear.error().detail));
    if (auto undone = record.undo(path, cleared); !undone) return undone;
  }
  return files.empty() ? Result<void>() : machine.restart_service();
}

}  // namespace

Result<void> undo_browser_setup(const BrowserMachine& machine, ChangeRecord record) {
  if (auto policies = undo_policies(machine, record); !policies)
    return fail(policies.error().fault, policies.error().detail + ". The listener stays until then");
  if (auto configuration = undo_configuration(machine, record); !configuration) return configuration;
  if (auto timer = machine.set_timer(false); !timer) return timer;
  machine.say(fmt::format("remove {}", machine.at_root(browser_folder)));
  return machine.acts() ? record.finish() : Result<void>();
}

int run_browser_undo(const BrowserRequest& request, std::ostream& out, std::ostream& err) {
  const BrowserMachine machine(request, {out, err});
  const auto undo = [&]() -> Result<void> {
    if (auto allowed = machine.check_rights(); !allowed) return allowed;
    auto record = ChangeRecord::load(request.root);
    if (!record) return fail(record.error());
    std::error_code absent;
    if (record->empty() && !std::filesystem::exists(machine.at_root(browser_folder), absent)) {
      machine.say("not set up: nothing to do");
      return machine.acts() ? record->finish() : Result<void>();  // an empty folder, of a setup that was cut short
    }
    return undo_browser_setup(machine, *std::move(record));
  };
  const auto undone = undo();
  if (!undone) machine.warn(undone.error().detail);
  return undone ? 0 : 1;
}

}  // namespace tacet
