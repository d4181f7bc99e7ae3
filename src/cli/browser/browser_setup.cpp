#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "base/clock.hpp"
#include "cli/browser/browser.hpp"
#include "cli/browser/browser_files.hpp"
#include "cli/browser/browser_machine.hpp"
#include "cli/browser/browser_undo.hpp"
#include "cli/browser/change_record.hpp"
#include "cli/browser/config_block.hpp"
#include "cli/browser/listener_probe.hpp"
#include "cli/browser/policies.hpp"
#include "cli/browser/policy_plan.hpp"
#include "config/yaml.hpp"

namespace tacet {
namespace {

/// Stands in for the certificate in a rehearsal, which makes no certificate.
constexpr std::string_view not_made_yet = "(the certificate of the local authority)";

/// One run of `tacet browser setup`.
class BrowserSetup {
public:
  BrowserSetup(const BrowserRequest& request, const BrowserMachine& machine, ChangeRecord record)
      : request_(request),
        machine_(machine),
        record_(std::move(record)),
        files_(request.root) {}

  Result<void> run();

private:
  PolicyPlan plan(std::string authority) const {
    return plan_policies({request_.root, std::move(authority), request_.firefox}, record_);
  }
  std::string configuration_path() const;
  Result<std::optional<FileImage>> next_configuration() const;
  Result<void> check(const PolicyPlan& plan) const;
  Result<std::string> make_authority() const;
  Result<void> change();
  Result<void> write(const std::string& path, const FileImage& image, std::string_view shown);
  Result<void> turn_listener_on();
  Result<void> await_listener();
  Result<void> write_policies(const std::string& authority);

  const BrowserRequest& request_;
  const BrowserMachine& machine_;
  ChangeRecord record_;
  BrowserFiles files_;
  bool changed_ = false;        // something, in this run
  bool wants_restart_ = false;  // by hand: there is no service that we could restart
};

/// The configuration, below the root; the file itself if it is a link.
std::string BrowserSetup::configuration_path() const {
  std::error_code error;
  const auto target = std::filesystem::canonical(machine_.at_root(request_.config), error);
  return error ? std::filesystem::absolute(request_.config).string() : target.string().substr(request_.root.size());
}

/// The configuration with the listener, or nothing if it has it. Faults: malformed, refused, in_use, system.
Result<std::optional<FileImage>> BrowserSetup::next_configuration() const {
  const auto path = machine_.at_root(configuration_path());
  auto image = read_image(path);
  if (!image) return fail(image.error());
  const auto files = BrowserFiles::listener();
  if (has_listener(image->content, files))  // perhaps by hand: the undo must then know of the file
    return record_.has(configuration_path()) ? std::optional<FileImage>() : std::optional(*std::move(image));
  if (machine_.is_here() && record_.empty())
    if (auto free = check_port_is_free(); !free) return fail(free.error());
  auto text = with_listener(image->content, files);
  if (!text) return fail(text.error().fault, fmt::format("{}: {}", path, text.error().detail));
  if (image->kind == FileImage::Kind::absent) image = file_with({});
  image->content = *std::move(text);
  return std::optional(*std::move(image));
}

Result<void> BrowserSetup::check(const PolicyPlan& plan) const {
  for (const auto& line : plan.left_alone) machine_.say(line);
  for (const auto& line : plan.obstacles) machine_.warn(line);
  if (plan.files.empty())
    return fail(Fault::refused,
                "there is no browser here that needs this and that tacet can set up; nothing was changed");
  return {};
}

/// The authority, made if it is missing: its certificate, DER in base64.
Result<std::string> BrowserSetup::make_authority() const {
  const auto made = files_.make(SystemClock().wall_time());
  if (!made) return fail(made.error());
  if (*made)
    machine_.say(fmt::format("make a local authority and a certificate in {}", machine_.at_root(browser_folder)));
  const auto pem = files_.authority();
  if (!pem) return fail(pem.error());
  auto facts = read_certificate(*pem);
  if (!facts) return fail(facts.error());
  return std::move(facts->base64);
}

/// Writes the file unless it has this content. `shown` are the lines that are new in it.
Result<void> BrowserSetup::write(const std::string& path, const FileImage& image, std::string_view shown) {
  const auto now = read_image(machine_.at_root(path));
  if (!now) return fail(now.error());
  if (now->kind == image.kind && now->content == image.content && record_.has(path)) return {};
  machine_.say_writing(machine_.at_root(path), shown);
  changed_ = true;
  return machine_.acts() ? record_.write(path, image) : Result<void>();
}

Result<void> BrowserSetup::turn_listener_on() {
  auto next = next_configuration();
  if (!next) return fail(next.error());
  if (!*next) return {};
  const auto path = configuration_path();
  if (machine_.is_here() && machine_.acts()) {
    const auto read = read_config((*next)->content, path);
    if (!read) return fail(Fault::invalid_config, to_string(read.error().front()));
  }
  return write(path, **next, listener_block(BrowserFiles::listener()));
}

/// Restarts the service if the listener does not answer.
Result<void> BrowserSetup::await_listener() {
  if (!machine_.is_here()) return {};
  const auto authority = BrowserFiles::authority_path();
  if (machine_.acts() && probe_listener(authority)) return {};
  if (!machine_.service_runs() && machine_.acts()) {
    wants_restart_ = true;
    return fail(Fault::unreachable,
                fmt::format("the listener {} does not answer yet, and tacet does not run as tacet.service here. Start "
                            "tacet again, so that it reads {}, and then run `tacet browser setup` again",
                            browser_address, configuration_path()));
  }
  if (auto done = machine_.restart_service(); !done || !machine_.acts()) return done;
  const auto answers = probe_listener(authority);
  if (!answers)
    return fail(answers.error().fault,
                fmt::format("the listener {} does not answer: {}", browser_address, answers.error().detail));
  return {};
}

Result<void> BrowserSetup::write_policies(const std::string& authority) {
  for (const auto& file : plan(authority).files)
    if (auto done = write(file.path, file_with(file.text), file.text); !done) return done;
  return {};
}

Result<void> BrowserSetup::change() {
  auto authority = machine_.acts() ? make_authority() : Result<std::string>(std::string(not_made_yet));
  if (!authority) return fail(authority.error());
  if (auto done = turn_listener_on(); !done) return done;
  if (auto done = await_listener(); !done) return done;
  if (auto done = write_policies(*authority); !done) return done;
  return machine_.set_timer(true);
}

Result<void> BrowserSetup::run() {
  if (auto checked = check(plan(std::string(not_made_yet))); !checked) return checked;
  const bool was_new = record_.empty();
  const auto done = change();
  if (done && !changed_) machine_.say("set up already: nothing to do");
  if (done || !was_new || wants_restart_ || !machine_.acts()) return done;
  machine_.say("put everything back");
  const auto undone = undo_browser_setup(machine_, std::move(record_));
  return fail(done.error().fault,
              fmt::format("{}; {}", done.error().detail,
                          undone ? "everything is as it was"
                                 : "and not everything could be put back: " + undone.error().detail));
}

}  // namespace

int run_browser_setup(const BrowserRequest& request, std::ostream& out, std::ostream& err) {
  ::umask(022);  // policies are for every user to read
  const BrowserMachine machine(request, {out, err});
  const auto set_up = [&]() -> Result<void> {
    if (auto allowed = machine.check_rights(); !allowed) return allowed;
    auto record = ChangeRecord::load(request.root);
    if (!record) return fail(record.error());
    return BrowserSetup(request, machine, *std::move(record)).run();
  };
  const auto done = set_up();
  if (!done) machine.warn(done.error().detail);
  return done ? 0 : 1;
}

int run_browser_renew(const BrowserRequest& request, std::ostream& out, std::ostream& err) {
  const BrowserMachine machine(request, {out, err});
  const auto renew = [&]() -> Result<bool> {
    if (auto allowed = machine.check_rights(); !allowed) return fail(allowed.error());
    const auto record = ChangeRecord::load(request.root);
    if (!record) return fail(record.error());
    if (record->empty() || !machine.acts()) return false;
    return BrowserFiles(request.root).renew(SystemClock().wall_time());
  };
  const auto renewed = renew();
  if (!renewed) return machine.warn(renewed.error().detail), 1;
  machine.say(*renewed ? "the listener has a new certificate" : "no certificate ends soon: nothing to do");
  return 0;
}

}  // namespace tacet
