#include "cli/setup/takeover.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <ostream>
#include <ranges>
#include <system_error>
#include <thread>
#include <utility>

#include "cli/setup/command.hpp"
#include "cli/setup/file_image.hpp"
#include "cli/setup/held_sockets.hpp"
#include "cli/setup/old_resolver.hpp"
#include "cli/setup/probe.hpp"
#include "cli/setup/stray_resolver.hpp"
#include "cli/words.hpp"
#include "config/fault.hpp"
#include "config/scalar.hpp"
#include "config/yaml.hpp"

namespace tacet {
namespace {

constexpr auto tacet_service = "tacet.service";
constexpr auto tacet_socket = "tacet.socket";
/// Gone when the machine starts again, whatever happens to us.
constexpr auto drop_in = "/run/systemd/system/tacet.socket.d/50-takeover.conf";
/// How long the old service may still answer what it was asked before tacet got the queries.
constexpr std::chrono::seconds last_answers(1);

/// A unit of systemd's, and how it was before.
struct UnitBefore {
  std::string name;
  bool enabled = false, active = false;
};

bool succeeds(const std::string& verb, const std::string& unit) {
  return output_of({.words = {"systemctl", verb, unit}}).has_value();
}

UnitBefore look_at(const std::string& unit) {
  return {unit, succeeds("is-enabled", unit), succeeds("is-active", unit)};
}

/// Where a program of this machine can ask a listening address.
IpAddress asked_at(const SocketAddress& listening) {
  if (!listening.address.is_unspecified()) return listening.address;
  return listening.address.is_v6() ? IpAddress("::1") : IpAddress("127.0.0.1");
}

/// The sockets of the process that a service runs; none if systemd knows of none.
HeldSockets sockets_of(const std::string& service, const std::vector<SocketAddress>& addresses) {
  auto process = output_of({.words = {"systemctl", "show", "--property=MainPID", "--value", service}}).value_or("");
  while (process.ends_with('\n')) process.pop_back();
  return {static_cast<pid_t>(parse_number(process).value_or(0)), addresses};
}

/// What lets the socket unit bind beside the old service; with `listen`, these addresses and no others.
std::string sharing_sockets(const std::vector<SocketAddress>& listen) {
  std::string text = "[Socket]\nReusePort=yes\n";
  if (!listen.empty()) text += "ListenDatagram=\n";  // this forgets both kinds
  for (const auto& at : listen) text += fmt::format("ListenDatagram={0}\nListenStream={0}\n", to_string(at));
  return text;
}

/// One run of the verb, with all that is needed to put everything back.
class Takeover {
public:
  Takeover(const TakeoverRequest& request, const Streams& to) : request_(request), out_(to.out), err_(to.err) {}

  Result<void> carry_out();
  Result<void> advise_on_containers();

private:
  Result<OldResolver> choose() const;
  Result<void> prepare();
  Result<void> look_for_kept_config();
  std::string kept_config() const { return request_.config + ".before-takeover"; }
  Result<void> ask_upstreams();
  Result<void> replace();
  bool has_usual_addresses() const;
  bool open_beside();
  Result<void> start_beside();
  Result<void> start_after();
  Result<void> answer();
  Result<void> stop_old();
  Result<void> end_sharing();
  Result<void> settle();
  Result<void> write_config();
  Result<void> systemctl(std::initializer_list<std::string> words);
  Result<void> roll_back();
  std::string way_back() const;
  void show() const;

  const TakeoverRequest& request_;
  std::ostream& out_;
  std::ostream& err_;
  OldResolver old_;
  MigratedConfig new_;
  std::vector<SocketAddress> listen_;
  std::vector<UnitBefore> before_;
  FileImage config_before_;
  HeldSockets old_sockets_;
  bool shares_ = false;  ///< the drop-in is there
};

Result<void> Takeover::systemctl(std::initializer_list<std::string> words) {
  Command command{.words = {"systemctl"}};
  command.words.insert(command.words.end(), words);
  out_ << "run " << to_string(command) << '\n' << std::flush;
  return run(command);
}

Result<OldResolver> Takeover::choose() const {
  auto found = old_resolvers(request_.unit);
  if (!found && !request_.unit.empty()) return fail(found.error());
  if (found && found->size() == 1) return std::move(found->front());
  if (!found || found->empty())
    return fail(Fault::invalid_config,
                fmt::format("no running service of cloudflared proxy-dns, dnscrypt-proxy, stubby, https-dns-proxy, "
                            "smartdns or dnsproxy{}: name it with --unit, or give a compose file.\n{}",
                            found ? "" : fmt::format(" ({})", found.error().detail),
                            advice_on_stray_resolver({IpAddress("127.0.0.1"), 53}, request_.config)));
  std::vector<std::string> names;
  for (const auto& one : *found) names.push_back(one.units.front());
  return fail(Fault::invalid_config,
              fmt::format("several services could be meant: {}. Name one with --unit", fmt::join(names, ", ")));
}

Result<void> Takeover::prepare() {
  auto chosen = choose();
  if (!chosen) return fail(chosen.error());
  old_ = *std::move(chosen);
  auto config = migrated_service(old_);
  if (!config) return fail(Fault::invalid_config, fmt::format("{}: {}", old_.units.front(), config.error().detail));
  new_ = *std::move(config);
  const auto read = read_config(new_.yaml, "migrated");
  if (!read) return fail(Fault::invalid_config, to_string(read.error().front()));
  listen_ = read->listen;
  auto image = read_image(request_.config);
  if (!image) return fail(image.error());
  config_before_ = *std::move(image);
  if (auto kept = look_for_kept_config(); !kept) return kept;
  for (const auto& unit : old_.units) before_.push_back(look_at(unit));
  before_.push_back(look_at(tacet_service));
  before_.push_back(look_at(tacet_socket));
  return {};
}

/// A takeover that was cut short has written its configuration already: the former one is the copy.
Result<void> Takeover::look_for_kept_config() {
  if (config_before_.content != file_with(new_.yaml).content) return {};
  auto kept = read_image(kept_config());
  if (!kept) return fail(kept.error());
  if (kept->kind != FileImage::Kind::absent) config_before_ = *std::move(kept);
  return {};
}

void Takeover::show() const {
  out_ << fmt::format("{} is a service of {}\n", old_.units.front(), old_.program);
  for (const auto& note : new_.notes) out_ << "  " << note << '\n';
  say_writing(out_, request_.config, new_.yaml);
}

/// Asks by another process and another file, while the old service still runs.
Result<void> Takeover::ask_upstreams() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto file = request_.config + ".takeover";
  std::filesystem::create_directories(std::filesystem::path(request_.config).parent_path(), error);
  if (auto written = write_image(file, file_with(new_.yaml)); !written) return written;
  const auto asked =
      output_of({.words = {program.empty() ? "tacet" : program.string(), "query", "--config", file, "example.com"}});
  ::unlink(file.c_str());
  if (asked) return {};
  return fail(Fault::unreachable,
              "its upstreams do not answer tacet: try `tacet migrate`, and then `tacet query` with that "
              "file, to see why; nothing was changed");
}

Result<void> Takeover::write_config() {
  if (config_before_.kind != FileImage::Kind::absent)
    if (auto kept = write_image(kept_config(), config_before_); !kept) return kept;
  out_ << fmt::format("write {}\n", request_.config);
  return write_image(request_.config, file_with(new_.yaml));
}

Result<void> Takeover::replace() {
  if (auto done = write_config(); !done) return done;
  return open_beside() ? start_beside() : start_after();
}

/// True if tacet.socket has the right addresses: port 53 of loopback. Any other is tacet's own to open, and 53 may be
/// another program's.
bool Takeover::has_usual_addresses() const {
  return std::ranges::all_of(listen_,
                             [](const SocketAddress& at) { return at.port == 53 && at.address.is_loopback(); });
}

/// Opens tacet's sockets while the old service still has its own, and leaves the queries to it. False if that cannot be
/// done here; then nothing has changed.
bool Takeover::open_beside() {
  // systemd's socket of [::] takes IPv4, too, and that can be another program's.
  if (std::ranges::find(listen_, IpAddress("::"), &SocketAddress::address) != listen_.end()) return false;
  old_sockets_ = sockets_of(old_.units.front(), listen_);
  if (!old_sockets_.complete() || !old_sockets_.share()) return false;
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(drop_in).parent_path(), error);
  shares_ =
      write_image(drop_in, file_with(sharing_sockets(has_usual_addresses() ? std::vector<SocketAddress>() : listen_)))
          .has_value();
  const bool opened = shares_ && systemctl({"daemon-reload"}) && systemctl({"stop", tacet_socket, tacet_service}) &&
                      systemctl({"start", tacet_socket});
  if (!opened) static_cast<void>(end_sharing());
  old_sockets_.keep_queries();
  return opened;
}

/// The old service stops only when tacet has answered in its place.
Result<void> Takeover::start_beside() {
  if (auto done = systemctl({"restart", tacet_service}); !done) return done;
  old_sockets_.yield_queries();
  if (auto done = answer(); !done) return done;
  std::this_thread::sleep_for(last_answers);
  if (auto done = stop_old(); !done) return done;
  sockets_of(tacet_service, listen_).seal();
  if (!has_usual_addresses() || !before_.back().enabled)
    if (auto done = systemctl({"disable", "--now", tacet_socket}); !done) return done;  // tacet has the sockets
  return end_sharing();
}

/// The old service leaves the port before tacet has it.
Result<void> Takeover::start_after() {
  if (auto done = stop_old(); !done) return done;
  if (!has_usual_addresses() && (before_.back().enabled || before_.back().active))
    if (auto done = systemctl({"disable", "--now", tacet_socket}); !done) return done;
  if (auto done = systemctl({"restart", tacet_service}); !done) return done;
  return answer();
}

Result<void> Takeover::answer() {
  const auto answers =
      probe_resolver({.address = asked_at(listen_.front()), .port = listen_.front().port}, request_.socket);
  if (answers) out_ << fmt::format("tacet answers at {}\n", to_string(listen_.front()));
  return answers;
}

Result<void> Takeover::stop_old() {
  for (const auto& unit : std::views::reverse(old_.units))
    if (auto done = systemctl({"stop", unit}); !done) return done;
  return {};
}

Result<void> Takeover::end_sharing() {
  old_sockets_.seal();
  if (!std::exchange(shares_, false)) return {};
  std::error_code error;
  std::filesystem::remove(drop_in, error);
  std::filesystem::remove(std::filesystem::path(drop_in).parent_path(), error);  // unless others have files in it
  return systemctl({"daemon-reload"});
}

Result<void> Takeover::settle() {
  for (const auto& unit : old_.units)
    if (auto done = systemctl({"disable", unit}); !done) return done;
  return systemctl({"enable", tacet_service});
}

/// Goes on after a fault and returns the first.
Result<void> Takeover::roll_back() {
  out_ << "put everything back\n";
  Result<void> outcome;
  const auto note = [&outcome](Result<void> done) {
    if (!done && outcome) outcome = std::move(done);
  };
  if (shares_) old_sockets_.keep_queries();
  note(shares_ ? systemctl({"stop", tacet_socket, tacet_service}) : systemctl({"stop", tacet_service}));
  note(end_sharing());
  if (config_before_.kind == FileImage::Kind::absent)
    ::unlink(request_.config.c_str());
  else
    note(write_image(request_.config, config_before_));
  for (const auto& unit : before_) {
    if (unit.enabled) note(systemctl({"enable", unit.name}));
    if (unit.active) note(systemctl({"start", unit.name}));
  }
  return outcome;
}

/// The commands that give the place back to the old service. tacet's sockets must close first, because they hold its
/// port. What takes time comes before that, so that nobody answers for as short as possible.
std::string Takeover::way_back() const {
  const UnitBefore socket = look_at(tacet_socket);
  const std::string own = fmt::format("{}{}", socket.enabled || socket.active ? "tacet.socket " : "", tacet_service);
  std::string enabled, started;
  for (std::size_t i = 0; i < old_.units.size(); ++i) {
    if (before_[i].enabled) enabled += " " + before_[i].name;
    started += " " + before_[i].name;
  }
  std::string commands = "systemctl disable " + own;
  if (config_before_.kind != FileImage::Kind::absent)
    commands += fmt::format(" && mv {0}.before-takeover {0}", request_.config);
  if (!enabled.empty()) commands += " && systemctl enable" + enabled;
  return commands + fmt::format(" && systemctl stop {} && systemctl start{}", own, started);
}

Result<void> Takeover::carry_out() {
  if (!request_.dry_run)
    if (auto allowed = check_root("services of the system"); !allowed) return allowed;
  if (auto done = prepare(); !done) return done;
  show();
  if (request_.dry_run) return {};
  if (auto done = ask_upstreams(); !done) return done;
  auto done = replace();
  if (done) done = settle();
  if (done) {
    out_ << fmt::format("done. To go back: {}\n", way_back());
    return {};
  }
  const auto undone = roll_back();
  return fail(done.error().fault, undone ? done.error().detail + "; everything is as it was"
                                         : fmt::format("{}; and not everything could be put back: {}",
                                                       done.error().detail, undone.error().detail));
}

Result<void> Takeover::advise_on_containers() {
  const auto config = migrated_containers(request_.compose);
  if (!config) return fail(config.error());
  for (const auto& note : config->notes) err_ << note << '\n';
  out_ << fmt::format(
      "tacet changes neither {0} nor a container. To take over from it:\n"
      "1. Write this into {1}:\n\n{2}\n"
      "2. Try it: tacet check --service --config {1}\n"
      "3. Take the container out of {0} and stop it: docker compose up --detach --remove-orphans\n"
      "4. If the addresses under `listen` are not port 53 of this machine alone: systemctl disable --now tacet.socket\n"
      "5. Start tacet: systemctl enable tacet.service && systemctl restart tacet.service\n"
      "6. Ask it: dig @ADDRESS -p PORT example.com\n",
      request_.compose, request_.config, config->yaml);
  return {};
}

}  // namespace

int run_takeover(const TakeoverRequest& request, std::ostream& out, std::ostream& err) {
  Takeover takeover(request, {out, err});
  const auto done = request.compose.empty() ? takeover.carry_out() : takeover.advise_on_containers();
  return done ? 0 : complain(err, done.error());
}

}  // namespace tacet
