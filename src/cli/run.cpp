#include "cli/run.hpp"

#include <csignal>
#include <ostream>

#include "config/log_level.hpp"
#include "tacet/server.hpp"
#include "transport/http.hpp"

namespace tacet {
namespace {

/// One that comes before Server::run() hears it waits for that, instead of ending the process.
void hold_sighup_back() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

int run_server(const CommandLine& given, std::ostream& err) {
  hold_sighup_back();
  const auto config = make_config(given, err);
  if (!config) return 1;
  log::start(level_of(config->log.level));
  log::set_limit(config->log.lines);
  const HttpLibrary http;
  const auto server = given.file.empty()
                          ? Server::create(*config)
                          : Server::create(*config, {given.file, [&given] { return read_config(given); }});
  if (!server) {
    err << "tacet: " << server.error().detail << '\n';
    return 1;
  }
  if (const auto served = (*server)->run(); !served) {
    err << "tacet: " << served.error().detail << '\n';
    return 1;
  }
  return 0;
}

}  // namespace tacet
