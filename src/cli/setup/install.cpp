#include "cli/setup/install.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <ostream>
#include <ranges>
#include <string_view>
#include <vector>

#include "cli/live_line.hpp"
#include "cli/setup/command.hpp"
#include "cli/setup/dns_manager.hpp"
#include "cli/setup/install_effect.hpp"
#include "cli/setup/install_state.hpp"
#include "cli/setup/probe.hpp"
#include "cli/words.hpp"

namespace tacet {
namespace {

/// One run of the verb: says what it does, and does it unless this is a rehearsal.
class Installation {
public:
  Installation(const InstallRequest& request, const Streams& to) : request_(request), out_(to.out), err_(to.err) {}

  Result<void> install();
  Result<void> uninstall();

private:
  bool on_this_machine() const { return request_.root.empty(); }
  std::string at_root(std::string_view path) const { return request_.root + std::string(path); }

  Result<void> check_rights() const;
  bool acts() const { return on_this_machine() && !request_.dry_run; }
  Result<std::vector<DnsManager>> choose_managers(const std::optional<InstallState>& state) const;
  Result<std::vector<FileChange>> outstanding(const InstallPlan& plan) const;
  Result<void> check_programs(DnsManager manager, const InstallPlan& plan) const;
  Result<void> change(const InstallPlan& plan, const std::vector<FileChange>& changes, InstallState state);
  Result<void> write(const std::vector<FileChange>& changes);
  Result<void> list(const InstallPlan& plan);
  Result<void> run_all(const std::vector<Command>& commands);
  Result<std::string> roll_back(const InstallPlan& plan, InstallState state);
  void describe(const FileChange& change);
  void warn() const;
  Result<void> check_resolver() const;
  Result<void> confirm(const std::vector<DnsManager>& managers, const InstallPlan& plan);

  const InstallRequest& request_;
  std::ostream& out_;
  std::ostream& err_;
};

/// tacet is untested on macOS: prints the commands to type, and changes nothing.
bool only_listed(DnsManager manager) { return manager == DnsManager::networksetup; }

/// What helps if the manager is not there any more, and has left its file or link behind.
std::string instead_of(DnsManager manager) {
  if (manager == DnsManager::plain) return "";
  return fmt::format(
      " (if {} does not run here any more, let /etc/resolv.conf be a plain file: tacet install --manager plain)",
      to_string(manager));
}

Result<void> Installation::check_rights() const { return acts() ? check_root("files of the system") : Result<void>(); }

/// The managers of the last install, of --manager, or of /etc/resolv.conf; and those that programs now ask beside that
/// file.
Result<std::vector<DnsManager>> Installation::choose_managers(const std::optional<InstallState>& state) const {
  auto first = find_manager(request_.root);
  if (!request_.manager.empty()) first = *manager_named(request_.manager);
  if (state && request_.manager.empty()) first = state->managers.front();
  if (!first) return fail(first.error());
  auto managers = with_others_in_use(*first, request_.root);
  if (!state) return managers;
  for (const auto known : state->managers)
    if (std::ranges::find(managers, known) == managers.end()) managers.push_back(known);
  return managers;
}

/// Whether the programs are here that the plan wants to run.
Result<void> Installation::check_programs(DnsManager manager, const InstallPlan& plan) const {
  if (!on_this_machine()) return {};
  for (const auto& command : plan.apply) {
    const auto& program = command.words.front();
    if (has_program(program)) continue;
    return fail(Fault::unsupported, fmt::format("/etc/resolv.conf is {}'s, and this machine has no program {}{}",
                                                to_string(manager), program, instead_of(manager)));
  }
  return {};
}

/// The changes that are still missing.
Result<std::vector<FileChange>> Installation::outstanding(const InstallPlan& plan) const {
  std::vector<FileChange> changes;
  for (const auto& change : plan.files) {
    const auto now = read_image(at_root(change.path));
    if (!now) return fail(now.error());
    if (now->kind != change.after.kind || now->content != change.after.content) changes.push_back(change);
  }
  return changes;
}

void Installation::describe(const FileChange& change) {
  const auto path = at_root(change.path);
  if (change.after.kind == FileImage::Kind::link) {
    out_ << fmt::format("link {} -> {}\n", path, change.after.content);
    return;
  }
  say_writing(out_, path, change.after.content);
}

Result<void> Installation::write(const std::vector<FileChange>& changes) {
  for (const auto& change : changes) {
    if (auto done = write_image(at_root(change.path), change.after); !done) return done;
  }
  return {};
}

Result<void> Installation::run_all(const std::vector<Command>& commands) {
  for (const auto& command : commands) {
    out_ << "run " << to_string(command)
         << (on_this_machine() ? "\n" : "  # left to you: this is not the running system\n");
    out_.flush();
    if (request_.dry_run || !on_this_machine()) continue;
    if (auto done = run(command); !done) return done;
  }
  return {};
}

Result<void> Installation::list(const InstallPlan& plan) {
  out_ << "nothing is done here; to do it, run as root:\n";
  for (const auto& command : plan.apply) out_ << "  " << to_string(command) << '\n';
  out_ << "and to undo it:\n";
  for (const auto& command : plan.revert) out_ << "  " << to_string(command) << '\n';
  return {};
}

/// Says what was put back. The files count: a manager that is not there any more cannot be told anything.
Result<std::string> Installation::roll_back(const InstallPlan& plan, InstallState state) {
  out_ << "put everything back\n";
  const auto files = restore_files(state);
  const auto commands = run_all(plan.revert);
  if (!files) return fail(files.error());  // the state stays, for another try
  if (auto forgotten = state.kept.finish(); !forgotten) return fail(forgotten.error());
  if (commands) return "everything is as it was";
  return "every file is as it was, but " + commands.error().detail;
}

Result<void> Installation::change(const InstallPlan& plan, const std::vector<FileChange>& changes, InstallState state) {
  std::optional<InstallEffect> effect;
  if (on_this_machine()) effect.emplace(request_.server, request_.socket);
  const auto saved = save_state(std::move(state), plan);
  if (!saved) return fail(saved.error());
  auto done = saved->kept.make_directories();
  if (done) done = write(changes);
  if (done) {
    done = run_all(plan.apply);
    if (!done) done.error().detail += instead_of(saved->managers.front());
  }
  if (done && effect) {
    const LiveLine line("checking where programs' questions go");
    done = effect->await(saved->managers);
  }
  if (done) return {};
  const auto undone = roll_back(plan, *saved);
  return fail(done.error().fault,
              fmt::format("{}; {}", done.error().detail,
                          undone ? *undone
                                 : fmt::format("and not everything could be put back: {}. The files as they were are "
                                               "in /var/lib/tacet/install/before",
                                               undone.error().detail)));
}

/// Warns of later surprises.
void Installation::warn() const {
  if (!acts()) return;
  for (const auto& line : InstallEffect(request_.server, request_.socket).claimed_elsewhere())
    out_ << "names below a network's own domain still go to its servers: " << line << '\n';
  if (!has_systemd()) return;
  for (const auto* unit : {"tacet.service", "tacet.socket"})
    if (output_of({.words = {"systemctl", "is-enabled", unit}})) return;
  err_ << "tacet: warning: neither tacet.service nor tacet.socket is enabled: after the next boot this machine would "
          "ask "
          "a tacet that does not run. Enable it: systemctl enable tacet.service\n";
}

Result<void> Installation::check_resolver() const {
  if (!acts()) return {};
  const LiveLine line("asking tacet");
  const auto answers = probe_resolver({.address = IpAddress::from_text(request_.server).value()}, request_.socket);
  if (answers) return {};
  const auto& [fault, detail] = answers.error();
  return fail(fault,
              fmt::format("{}; nothing was changed{}", detail,
                          fault == Fault::no_network ? "" : ". Start tacet first: systemctl enable --now tacet"));
}

/// Everything is written already. Runs the commands if it does not work: an earlier run may have been cut short.
Result<void> Installation::confirm(const std::vector<DnsManager>& managers, const InstallPlan& plan) {
  const auto check = [&]() -> Result<void> {
    if (!acts()) return {};
    const LiveLine line("checking where programs' questions go");
    return InstallEffect(request_.server, request_.socket).await(managers);
  };
  auto holds = check();
  if (!holds && !plan.apply.empty()) {
    if (auto done = run_all(plan.apply); !done) return done;
    holds = check();
  }
  if (!holds)
    return fail(holds.error().fault, fmt::format("installed, but {}; no file was changed", holds.error().detail));
  out_ << "installed already: nothing to do\n";
  return {};
}

Result<void> Installation::install() {
  if (auto allowed = check_rights(); !allowed) return allowed;
  auto state = load_state(request_.root);
  if (!state) return fail(state.error());
  const auto managers = choose_managers(*state);
  if (!managers) return fail(managers.error());
  if (*state && ((*state)->managers.front() != managers->front() || (*state)->server != request_.server))
    return fail(Fault::refused, fmt::format("installed already, by {} with {}: run `tacet uninstall` first",
                                            to_string((*state)->managers), (*state)->server));
  const auto plan = plan_install(*managers, request_.root, request_.server);
  if (!plan) return fail(plan.error());
  if (only_listed(managers->front())) return list(*plan);
  if (auto runs = check_programs(managers->front(), *plan); !runs) return runs;
  const auto changes = outstanding(*plan);
  if (!changes) return fail(changes.error());
  out_ << fmt::format("DNS of {} is managed by {}\n", on_this_machine() ? "this machine" : request_.root,
                      to_string(*managers));
  if (*state && changes->empty()) return confirm(*managers, *plan);
  if (auto answers = check_resolver(); !answers) return answers;
  for (const auto& one : *changes) describe(one);
  if (request_.dry_run) return run_all(plan->apply);
  auto next = state->value_or(first_state(request_.root, request_.server));
  next.managers = *managers;
  if (auto done = change(*plan, *changes, std::move(next)); !done) return done;
  warn();
  return {};
}

Result<void> Installation::uninstall() {
  if (auto allowed = check_rights(); !allowed) return allowed;
  auto state = load_state(request_.root);
  if (!state) return fail(state.error());
  if (!*state) {
    out_ << "not installed: nothing to do\n";  // at most, an install that was cut short has left copies
    return request_.dry_run ? Result<void>() : first_state(request_.root, request_.server).kept.finish();
  }
  const auto plan = plan_install((*state)->managers, request_.root, (*state)->server);
  if (!plan) return fail(plan.error());
  const bool theirs = taken_over(**state);
  for (const auto& path : std::views::reverse((*state)->kept.files())) {
    const bool leave = theirs && path == "/etc/resolv.conf";
    out_ << (leave ? "leave " : "put back ") << at_root(path) << (leave ? "  # somebody else wrote it since\n" : "\n");
  }
  if (request_.dry_run) return run_all(plan->revert);
  if (auto files = restore_files(**state); !files) return files;
  if (auto commands = run_all(plan->revert); !commands) return commands;  // the state stays, for another try
  return (*state)->kept.finish();
}

int report(const Result<void>& outcome, std::ostream& err) { return outcome ? 0 : complain(err, outcome.error()); }

}  // namespace

int run_install(const InstallRequest& request, std::ostream& out, std::ostream& err) {
  if (const auto server = IpAddress::from_text(request.server); !server || server->to_string() != request.server) {
    return complain(err,
                    {Fault::invalid_config, "--server: not an IP address in its usual form, such as 127.0.0.1 or ::1"});
  }
  return report(Installation(request, {out, err}).install(), err);
}

int run_uninstall(const InstallRequest& request, std::ostream& out, std::ostream& err) {
  return report(Installation(request, {out, err}).uninstall(), err);
}

}  // namespace tacet
