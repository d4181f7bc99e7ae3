#include "cli/install.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <ostream>
#include <ranges>
#include <string_view>
#include <thread>
#include <vector>

#include "cli/command.hpp"
#include "cli/dns_manager.hpp"
#include "cli/install_state.hpp"
#include "cli/probe.hpp"
#include "config/address.hpp"

namespace tacet {
namespace {

/// One run of the verb: says what it does, and does it unless this is a rehearsal.
class Installation {
public:
  Installation(const InstallRequest& request, std::ostream& out) : request_(request), out_(out) {}

  Result<void> install();
  Result<void> uninstall();

private:
  bool on_this_machine() const { return request_.root.empty(); }
  std::string at_root(std::string_view path) const { return request_.root + std::string(path); }

  Result<void> check_rights() const;
  Result<DnsManager> choose_manager() const;
  Result<std::vector<FileChange>> outstanding(const InstallPlan& plan) const;
  Result<void> change(const InstallPlan& plan, const std::vector<FileChange>& changes, InstallState state);
  Result<void> write(const std::vector<FileChange>& changes);
  Result<void> list(const InstallPlan& plan);
  Result<void> run_all(const std::vector<Command>& commands);
  Result<void> await_effect(DnsManager manager) const;
  Result<void> roll_back(const InstallPlan& plan, const InstallState& state);
  void describe(const FileChange& change);

  const InstallRequest& request_;
  std::ostream& out_;
};

/// Nobody has tried tacet on macOS: it is told what to type, and nothing is done to it.
bool only_listed(DnsManager manager) { return manager == DnsManager::networksetup; }

Result<void> Installation::check_rights() const {
  if (request_.dry_run || !on_this_machine() || ::geteuid() == 0) return {};
  return fail(Fault::refused,
              "this changes files of the system: it needs root (sudo). --dry-run shows what it would do");
}

Result<DnsManager> Installation::choose_manager() const {
  if (request_.manager.empty()) return find_manager(request_.root);
  return *manager_named(request_.manager);
}

/// The changes that are not there already.
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
  out_ << fmt::format("write {}\n", path);
  for (const auto line : std::views::split(change.after.content, '\n')) {
    if (!line.empty()) out_ << "  | " << std::string_view(line.begin(), line.end()) << '\n';
  }
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

/// The manager may take a moment to write; and if another program writes the file as well, this is where it shows.
Result<void> Installation::await_effect(DnsManager manager) const {
  const std::vector<std::string> wanted{manager == DnsManager::resolved ? "127.0.0.53" : request_.server};
  std::vector<std::string> servers;
  for (int i = 0; i < 50; ++i) {
    std::error_code nowhere;  // a link that leads nowhere reads as absent
    const auto file = read_image(std::filesystem::weakly_canonical("/etc/resolv.conf", nowhere));
    if (!file) return fail(file.error());
    servers = nameservers(file->content);
    if (servers == wanted) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return fail(Fault::system,
              fmt::format("/etc/resolv.conf names {} and not {}: {} does not write it, or somebody else does",
                          servers.empty() ? "nobody" : fmt::format("{}", fmt::join(servers, ", ")), wanted.front(),
                          to_string(manager)));
}

Result<void> Installation::roll_back(const InstallPlan& plan, const InstallState& state) {
  out_ << "put everything back\n";
  const auto files = restore_files(request_.root, state);
  const auto commands = run_all(plan.revert);
  if (!files) return files;  // the state stays, for another try
  remove_state(request_.root);
  return commands;
}

Result<void> Installation::change(const InstallPlan& plan, const std::vector<FileChange>& changes, InstallState state) {
  const auto saved = save_state(request_.root, std::move(state), plan);
  if (!saved) return fail(saved.error());
  auto done = make_directories(request_.root, *saved);
  if (done) done = write(changes);
  if (done) done = run_all(plan.apply);
  if (done && on_this_machine()) done = await_effect(saved->manager);
  if (done) return {};
  const auto undone = roll_back(plan, *saved);
  return fail(done.error().fault,
              undone ? done.error().detail + "; everything is as it was"
                     : fmt::format("{}; and not everything could be put back: {}. The files as they were are in "
                                   "/var/lib/tacet/install/before",
                                   done.error().detail, undone.error().detail));
}

Result<void> Installation::install() {
  if (auto allowed = check_rights(); !allowed) return allowed;
  auto state = load_state(request_.root);
  if (!state) return fail(state.error());
  const auto manager = *state && request_.manager.empty() ? Result<DnsManager>((*state)->manager) : choose_manager();
  if (!manager) return fail(manager.error());
  if (*state && ((*state)->manager != *manager || (*state)->server != request_.server))
    return fail(Fault::refused, fmt::format("installed already, by {} with {}: run `tacet uninstall` first",
                                            to_string((*state)->manager), (*state)->server));
  const auto plan = plan_install(*manager, request_.root, request_.server);
  if (!plan) return fail(plan.error());
  if (only_listed(*manager)) return list(*plan);
  const auto changes = outstanding(*plan);
  if (!changes) return fail(changes.error());
  out_ << fmt::format("DNS of {} is managed by {}\n", on_this_machine() ? "this machine" : request_.root,
                      to_string(*manager));
  if (*state && changes->empty()) {
    out_ << "installed already: nothing to do\n";
    return {};
  }
  if (on_this_machine() && !request_.dry_run) {
    if (auto answers = probe_resolver(request_.server); !answers)
      return fail(answers.error().fault,
                  fmt::format("{}; nothing was changed. Start tacet first: systemctl enable --now tacet",
                              answers.error().detail));
  }
  for (const auto& one : *changes) describe(one);
  if (request_.dry_run) return run_all(plan->apply);
  return change(*plan, *changes, state->value_or(InstallState{.manager = *manager, .server = request_.server}));
}

Result<void> Installation::uninstall() {
  if (auto allowed = check_rights(); !allowed) return allowed;
  const auto state = load_state(request_.root);
  if (!state) return fail(state.error());
  if (!*state) {
    out_ << "not installed: nothing to do\n";
    return {};
  }
  const auto plan = plan_install((*state)->manager, request_.root, (*state)->server);
  if (!plan) return fail(plan.error());
  const bool theirs = taken_over(request_.root, **state);
  for (const auto& path : std::views::reverse((*state)->files)) {
    const bool leave = theirs && path == "/etc/resolv.conf";
    out_ << (leave ? "leave " : "put back ") << at_root(path) << (leave ? "  # somebody else wrote it since\n" : "\n");
  }
  if (request_.dry_run) return run_all(plan->revert);
  if (auto files = restore_files(request_.root, **state); !files) return files;
  if (auto commands = run_all(plan->revert); !commands) return commands;  // the state stays, for another try
  remove_state(request_.root);
  return {};
}

int report(const Result<void>& outcome, std::ostream& err) {
  if (outcome) return 0;
  err << "tacet: " << outcome.error().detail << '\n';
  return 1;
}

}  // namespace

int run_install(const InstallRequest& request, std::ostream& out, std::ostream& err) {
  if (const auto server = canonical_address(request.server); !server || *server != request.server) {
    err << fmt::format("tacet: --server: not an IP address in its usual form, such as 127.0.0.1 or ::1\n");
    return 1;
  }
  return report(Installation(request, out).install(), err);
}

int run_uninstall(const InstallRequest& request, std::ostream& out, std::ostream& err) {
  return report(Installation(request, out).uninstall(), err);
}

}  // namespace tacet
