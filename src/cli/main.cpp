#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <string>

#include "cli/ask/verbs.hpp"
#include "cli/browser/browser.hpp"
#include "cli/command_line.hpp"
#include "cli/doctor/doctor.hpp"
#include "cli/migrate/migrate.hpp"
#include "cli/option_help.hpp"
#include "cli/setup/install.hpp"
#include "cli/setup/takeover.hpp"
#include "cli/typed_name.hpp"
#include "cli/usage_fault.hpp"
#include "cli/verbs.hpp"
#include "cli/words.hpp"
#include "config/schema.hpp"

namespace {

using namespace tacet::option_help;
using tacet::CommandLine;

/// The work of a verb after the command line was parsed; returns the exit code.
using Verb = std::function<int()>;

constexpr int usage_error = 2, internal_error = 70;

CLI::App& new_verb(CLI::App& app, const std::string& name, const std::string& purpose) {
  return *app.add_subcommand(name, purpose)->group("Verbs");
}

void add_config(CLI::App& verb, CommandLine& given) {
  verb.add_option("--config", given.file,
                  "Read this configuration file (YAML); the default is\n/etc/tacet/tacet.yaml, if it is there")
      ->type_name("FILE");
}

void add_upstreams(CLI::App& verb, CommandLine& given) {
  verb.add_option("--upstream", given.upstreams, upstream_help)->type_name("URL")->allow_extra_args(false);
  verb.add_option("--bootstrap", given.bootstrap, bootstrap_help)->type_name("ADDRESS")->allow_extra_args(false);
}

/// A domain name as a person types it.
CLI::Option* add_name(CLI::App& verb, const std::string& option, std::string& name, const std::string& help) {
  return verb.add_option(option, name, help)->type_name("NAME")->transform(CLI::Validator(tacet::take_typed_name, ""));
}

void add_socket(CLI::App& verb, CommandLine& given) {
  verb.add_option("--socket", given.socket, "The control socket; the default is /run/tacet/control.sock")
      ->type_name("PATH");
}

CLI::Option* add_level(CLI::App& verb, const std::string& name, std::string& level) {
  const std::vector<std::string> words(tacet::log_level_words.begin(), tacet::log_level_words.end());
  return verb.add_option(name, level, "error, warn, info or debug")->check(CLI::IsMember(words));
}

void add_run(CLI::App& app, CommandLine& given, Verb& chosen) {
  auto& verb = new_verb(app, "run", "Answer queries until SIGTERM or SIGINT; SIGHUP reloads the configuration");
  add_config(verb, given);
  verb.add_option("--listen", given.listen, listen_help)->type_name("ADDRESS")->allow_extra_args(false);
  add_upstreams(verb, given);
  verb.add_option("--workers", given.workers, "Threads that answer queries, 1 to 64")->check(CLI::Range(1U, 64U));
  add_level(verb, "--log-level", given.log_level);
  add_socket(verb, given);
  verb.callback([&] { chosen = [&] { return run_server(with_file(given, std::cerr), std::cerr); }; });
}

void add_check(CLI::App& app, CommandLine& given, tacet::CheckedAs& checked_as, Verb& chosen) {
  auto& verb = new_verb(app, "check", "Print the configuration in effect, or every fault of the file");
  add_config(verb, given);
  verb.add_flag_callback(
      "--service", [&] { checked_as = tacet::CheckedAs::service; },
      "Check whether the packaged service can use the files that it names");
  verb.callback([&] {
    chosen = [&] { return tacet::run_check(with_file(given, std::cerr).file, checked_as, std::cout, std::cerr); };
  });
}

void add_schema(CLI::App& app, Verb& chosen) {
  auto& verb = new_verb(app, "schema", "Print the JSON Schema of the configuration, for editors");
  verb.callback([&] { chosen = [] { return std::cout << tacet::config_schema(), 0; }; });
}

void add_query(CLI::App& app, CommandLine& given, tacet::QueryRequest& request, Verb& chosen) {
  auto& verb = new_verb(app, "query",
                        "Ask the upstream without the daemon; print the answer, the connection and what that exposed");
  add_name(verb, "NAME", request.name, "A domain name")->required();
  verb.add_option("TYPE", request.type, "A record type; the default is A");
  verb.add_flag("--dnssec", request.dnssec, "Ask for signatures as well (the DO bit)");
  add_config(verb, given);
  add_upstreams(verb, given);
  verb.add_option("--proxy", given.proxy, proxy_help)->type_name("URL");
  verb.add_option("--via", given.via, via_help)->type_name("INTERFACE");
  verb.callback(
      [&] { chosen = [&] { return run_query(request, with_file(given, std::cerr), std::cout, std::cerr); }; });
}

/// Speaks to the running tacet: at --socket, else at the configuration's socket.
Verb with_socket(CommandLine& given, std::function<int(const std::string&)> work) {
  return [&given, work = std::move(work)] {
    const auto socket = control_socket(given, std::cerr);
    return socket ? work(*socket) : 1;
  };
}

/// Makes `verb` one that asks the running tacet: `work` gets the socket's path.
void ask_daemon(CLI::App& verb, CommandLine& given, Verb& chosen, std::function<int(const std::string&)> work) {
  add_socket(verb, given);
  add_config(verb, given);
  verb.callback([&given, &chosen, work = std::move(work)] { chosen = with_socket(given, work); });
}

void add_status(CLI::App& app, CommandLine& given, tacet::StatusRequest& request, Verb& chosen) {
  auto& verb = new_verb(app, "status", "Show what the running tacet does");
  auto* json =
      verb.add_flag_callback("--json", [&] { request.form = tacet::StatusForm::json; }, "Print JSON, for programs");
  auto* watch = verb.add_flag("--watch", request.watch, "Refresh it until Ctrl-C; with --json, one object a line");
  auto* page = verb.add_flag_callback(
                       "--page", [&] { request.form = tacet::StatusForm::page; },
                       "Print only the address of the page that shows it in a browser")
                   ->excludes(json)
                   ->excludes(watch);
  verb.add_flag_callback(
          "--names", [&] { request.form = tacet::StatusForm::page_with_names; },
          "With --page: an address that also shows names that programs\nasked for; it holds for ten minutes")
      ->needs(page);
  verb.add_option_function<unsigned>(
          "--interval", [&](unsigned seconds) { request.interval = std::chrono::seconds(seconds); },
          "The time between two looks, 1 to 3600; the default is 2")
      ->type_name("SECONDS")
      ->check(CLI::Range(1U, 3600U))
      ->needs(watch);
  ask_daemon(verb, given, chosen,
             [&](const auto& socket) { return run_status(socket, request, std::cout, std::cerr); });
}

void add_doctor(CLI::App& app, CommandLine& given, tacet::DoctorRequest& request, Verb& chosen) {
  auto& verb =
      new_verb(app, "doctor",
               "Find out what this network does to DNS, where names end, and what goes past tacet; this sends\n"
               "questions for fixed public names in clear");
  verb.add_flag("--json", request.json, "Print JSON, for programs");
  verb.add_flag("--all", request.all, "Show what is well, too");
  verb.add_flag("--dry-run", request.dry_run, "Send nothing, and list what would be sent in clear");
  verb.add_flag("--portal-probe", request.portal_probe,
                "Fetch a public page in clear, to find a page that wants a login");
  verb.add_flag("--redact", request.redact, "Leave out addresses and names, so that the report can be handed on");
  verb.add_flag("--paths", request.paths,
                "Ask the same question 20 times over every way to the upstreams, encrypted; print the times");
  verb.add_option("--only", request.only,
                  "Run these checks only, separated by commas: path, reach, who, net, tls,\n"
                  "host, warp, clock, self")
      ->type_name("CHECKS")
      ->delimiter(',')
      ->check(CLI::IsMember(tacet::doctor_groups));
  verb.add_option("--canaries", request.canaries, "Use the names and servers of this file (YAML)")->type_name("FILE");
  add_upstreams(verb, given);
  add_socket(verb, given);
  add_config(verb, given);
  verb.callback([&] {
    chosen = [&] { return tacet::run_doctor(request, with_file(given, std::cerr), {std::cout, std::cerr}); };
  });
}

void add_flush(CLI::App& app, CommandLine& given, tacet::FlushRequest& request, Verb& chosen) {
  auto& verb = new_verb(app, "flush", "Make the running tacet forget cached answers; the default is all");
  auto* name = add_name(verb, "NAME", request.name, "Forget this name only");
  auto* below = add_name(verb, "--below", request.below, "Forget this name and all names below it");
  below->type_name("ZONE")->excludes(name);
  verb.add_flag("--all")->description("Forget all answers, which is the default")->excludes(name)->excludes(below);
  ask_daemon(verb, given, chosen, [&](const auto& socket) { return run_flush(socket, request, std::cout, std::cerr); });
}

void add_cache(CLI::App& app, CommandLine& given, tacet::CacheRequest& request, Verb& chosen) {
  auto& verb = new_verb(app, "cache", "Show the answers in the cache of the running tacet, and their age");
  auto* name = add_name(verb, "NAME", request.name, "List the answers of this name; the default is numbers only");
  add_name(verb, "--below", request.below, "List the answers of this name and all names below it")
      ->type_name("ZONE")
      ->excludes(name);
  verb.add_flag("--json", request.json, "Print JSON, for programs");
  ask_daemon(verb, given, chosen, [&](const auto& socket) { return run_cache(socket, request, std::cout, std::cerr); });
}

void add_explain(CLI::App& app, CommandLine& given, tacet::ExplainRequest& request, Verb& chosen) {
  auto& verb = new_verb(app, "explain", "Say what would answer a question, and why; this asks nobody");
  add_name(verb, "NAME", request.name, "A domain name")->required();
  verb.add_option("TYPE", request.type, "A record type; the default is A");
  verb.add_flag("--json", request.json, "Print JSON, for programs");
  ask_daemon(verb, given, chosen,
             [&](const auto& socket) { return run_explain(socket, request, std::cout, std::cerr); });
}

void add_exposure(CLI::App& app, CommandLine& given, tacet::ExposureRequest& request, Verb& chosen) {
  auto& verb =
      new_verb(app, "exposure",
               "Show what others can still see of tacet's connections, and of the names that programs asked for");
  verb.add_flag("--json", request.json, "Print JSON, for programs");
  auto* clear = verb.add_flag("--clear", request.clear, "Forget all names");
  add_name(verb, "--explain", request.explain,
           "Show all that tacet knows of one name; if it knows nothing, it asks once")
      ->excludes(clear);
  ask_daemon(verb, given, chosen,
             [&](const auto& socket) { return run_exposure(socket, request, std::cout, std::cerr); });
}

void add_log_level(CLI::App& app, CommandLine& given, std::string& level, Verb& chosen) {
  auto& verb = new_verb(app, "log-level", "Change what the running tacet logs, until a reload or a restart");
  add_level(verb, "LEVEL", level)->required();
  ask_daemon(verb, given, chosen,
             [&](const auto& socket) { return tacet::run_log_level(socket, level, std::cout, std::cerr); });
}

void add_reload(CLI::App& app, CommandLine& given, Verb& chosen) {
  auto& verb =
      new_verb(app, "reload", "Make the running tacet read its configuration again; tell what changed or is wrong");
  ask_daemon(verb, given, chosen, [&](const auto& socket) { return tacet::run_reload(socket, std::cout, std::cerr); });
}

void add_migrate(CLI::App& app, std::string& program, Verb& chosen) {
  auto& verb =
      new_verb(app, "migrate", "Print the configuration that does what another resolver did; tell what differs");
  verb.add_option("--from", program, "The program that the settings come from")
      ->type_name("PROGRAM")
      ->required()
      ->check(CLI::IsMember(tacet::migration_sources()));
  verb.footer(
      "After --from PROGRAM write its FILE (a configuration, a systemd unit, a compose file, or\n"
      "/etc/default/cloudflared), or for cloudflared, dnsproxy and https-dns-proxy the program's\n"
      "flags: tacet migrate --from cloudflared --port 5053 --upstream URL");
  verb.prefix_command();
  verb.callback([&] {
    const auto words = verb.remaining();
    if (words.empty()) throw CLI::RequiredError("FILE, or the program's flags,");
    chosen = [&program, words] { return tacet::run_migrate(program, words, std::cout, std::cerr); };
  });
}

void add_rehearsal(CLI::App& verb, tacet::InstallRequest& request) {
  verb.add_flag("--dry-run", request.dry_run, "Change nothing, and say what would change");
  verb.add_option("--root", request.root, "Change the files of the system below DIR, and run no program")
      ->type_name("DIR")
      ->check(CLI::ExistingDirectory);
}

void add_install(CLI::App& app, CommandLine& given, tacet::InstallRequest& request, Verb& chosen) {
  auto& verb =
      new_verb(app, "install", "Make this machine's programs ask tacet, by means of the program that manages DNS");
  verb.add_option("--manager", request.manager,
                  "systemd-resolved, NetworkManager, resolvconf, openresolv,\nplain (the file /etc/resolv.conf) or "
                  "networksetup (macOS: only\nlists commands); the default is what /etc/resolv.conf points to")
      ->type_name("NAME")
      ->check(
          CLI::IsMember({"systemd-resolved", "NetworkManager", "resolvconf", "openresolv", "plain", "networksetup"}));
  verb.add_option("--server", request.server, "The address where tacet answers, at port 53; the default is 127.0.0.1")
      ->type_name("ADDRESS");
  add_rehearsal(verb, request);
  ask_daemon(verb, given, chosen, [&](const auto& socket) {
    request.socket = socket;
    return tacet::run_install(request, std::cout, std::cerr);
  });
}

void add_uninstall(CLI::App& app, tacet::InstallRequest& request, Verb& chosen) {
  auto& verb = new_verb(app, "uninstall", "Restore everything as `tacet install` found it");
  add_rehearsal(verb, request);
  verb.callback([&] { chosen = [&] { return tacet::run_uninstall(request, std::cout, std::cerr); }; });
}

void add_browser(CLI::App& app, tacet::BrowserRequest& request, Verb& chosen) {
  auto& verb = new_verb(app, "browser", "Make this machine's browsers ask tacet over HTTPS, so that they use ECH");
  using Action = int (*)(const tacet::BrowserRequest&, std::ostream&, std::ostream&);
  static const std::map<std::string, Action> actions{{"setup", tacet::run_browser_setup},
                                                     {"undo", tacet::run_browser_undo},
                                                     {"status", tacet::run_browser_status},
                                                     {"renew", tacet::run_browser_renew}};
  verb.add_option("ACTION", "setup, undo, status, or renew (the certificate, if it ends\nsoon)")
      ->required()
      ->check(CLI::IsMember(actions));
  verb.add_flag("--firefox", request.firefox, "Give Firefox a policy, too; it uses ECH without one");
  verb.add_flag("--dry-run", request.dry_run, "Change nothing, and say what would change");
  verb.add_option("--root", request.root, "Change the files of the system below DIR, and run no program")
      ->type_name("DIR")
      ->check(CLI::ExistingDirectory);
  verb.add_option("--config", request.config, "The configuration file; the default is /etc/tacet/tacet.yaml")
      ->type_name("FILE");
  verb.callback([&] {
    const auto action = actions.at(verb.get_option("ACTION")->as<std::string>());
    chosen = [&request, action] { return action(request, std::cout, std::cerr); };
  });
}

void add_takeover(CLI::App& app, CommandLine& given, tacet::TakeoverRequest& request, Verb& chosen) {
  auto& verb = new_verb(app, "takeover", "Answer where another resolver's service answered, with its upstreams");
  verb.add_option("COMPOSE-FILE", request.compose, "Only say what to do about this compose file");
  verb.add_option("--unit", request.unit, "The service to take over from; the default is the one that runs")
      ->type_name("NAME");
  verb.add_flag("--dry-run", request.dry_run, "Change nothing, and say what would change");
  verb.add_option("--config", request.config, "The service's configuration; the default is /etc/tacet/tacet.yaml")
      ->type_name("FILE");
  add_socket(verb, given);
  verb.callback([&] {
    chosen = [&] {  // with the configuration that it writes, so not with the socket of the present one
      request.socket = given.socket.value_or(tacet::Config::defaults().control.socket);
      return tacet::run_takeover(request, std::cout, std::cerr);
    };
  });
}

int run(int count, char** words) {
  CLI::App app{"tacet, a local DNS resolver that tells the network as little as possible", "tacet"};
  CommandLine given;
  tacet::QueryRequest query;
  tacet::FlushRequest flush;
  tacet::CacheRequest cache;
  tacet::DoctorRequest doctor;
  tacet::ExplainRequest explain;
  tacet::ExposureRequest exposure;
  tacet::InstallRequest install;
  tacet::BrowserRequest browser;
  tacet::TakeoverRequest takeover;
  std::string log_level;
  std::string migrate_from;
  tacet::StatusRequest status;
  tacet::CheckedAs checked_as = tacet::CheckedAs::anybody;
  Verb chosen = [&app] { return std::cout << app.help(), 0; };
  app.set_version_flag("--version", tacet::version_text);
  app.require_subcommand(0, 1);
  app.failure_message(tacet::usage_fault);
  app.get_formatter()->label("SUBCOMMAND", "VERB");
  add_run(app, given, chosen);
  add_check(app, given, checked_as, chosen);
  add_schema(app, chosen);
  add_query(app, given, query, chosen);
  add_status(app, given, status, chosen);
  add_doctor(app, given, doctor, chosen);
  add_flush(app, given, flush, chosen);
  add_cache(app, given, cache, chosen);
  add_explain(app, given, explain, chosen);
  add_exposure(app, given, exposure, chosen);
  add_log_level(app, given, log_level, chosen);
  add_reload(app, given, chosen);
  add_install(app, given, install, chosen);
  add_uninstall(app, install, chosen);
  add_browser(app, browser, chosen);
  add_migrate(app, migrate_from, chosen);
  add_takeover(app, given, takeover, chosen);
  int code = 0;
  try {
    app.parse(count, words);
    code = chosen();
  } catch (const CLI::ParseError& told) {  // --help and --version, too
    code = app.exit(told) == 0 ? 0 : usage_error;
  }
  return tacet::output_is_lost() && code == 0 ? 1 : code;
}

}  // namespace

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);  // a peer that hangs up is an error of one call, not the end of the process
  try {
    return run(count, words);
  } catch (const std::exception& broken) {
    std::cerr << "tacet: internal error: " << broken.what() << '\n';
    return internal_error;
  }
}
