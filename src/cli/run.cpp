#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ostream>
#include <thread>

#include "cli/greeting.hpp"
#include "cli/verbs.hpp"
#include "cli/words.hpp"
#include "tacet/server.hpp"

namespace tacet {
namespace {

/// Ignores signals that mean nothing to a resolver: sent by mistake or habit, they must not end it.
void ignore_what_means_nothing() {
  for (const int signal : {SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO}) std::signal(signal, SIG_IGN);
}

/// Blocks SIGHUP: an early one waits for Server::run() and does not end the process.
void hold_sighup_back() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

/// The codes of sysexits.h. A service manager starts tacet again after a passing failure, and leaves it stopped if a
/// person must act first.
constexpr int failed = 1, to_be_configured = 78;

int status_of(Fault fault) {
  const bool lasts = fault == Fault::invalid_config || fault == Fault::refused || fault == Fault::unsupported;
  return lasts ? to_be_configured : failed;
}

/// True if systemd holds our sockets. It then starts us again for a waiting query as soon as we end.
bool is_started_by_queries() { return std::getenv("LISTEN_FDS") != nullptr; }

/// True if a person at a terminal started us, and no service manager.
bool is_started_by_person() {
  return ::isatty(STDERR_FILENO) == 1 && std::getenv("NOTIFY_SOCKET") == nullptr && !is_started_by_queries();
}

/// Ends a start that cannot succeed until a person acts. It waits first if the next query would start tacet again.
int give_up(Fault fault, bool started_by_queries) {
  const int status = status_of(fault);
  if (status == to_be_configured && started_by_queries) std::this_thread::sleep_for(std::chrono::seconds(3));
  return status;
}

}  // namespace

int run_server(const CommandLine& given, std::ostream& err) {
  hold_sighup_back();
  ignore_what_means_nothing();
  const bool started_by_queries = is_started_by_queries();
  const bool started_by_person = is_started_by_person();
  const auto config = make_config(given, err);
  if (!config) return give_up(Fault::invalid_config, started_by_queries);
  const auto server =
      given.file.empty()
          ? Server::create(*config)
          : Server::create(*config, {given.file, [&given](const OpenFile& open) { return read_config(given, open); }});
  if (!server) {
    complain(err, server.error());
    return give_up(server.error().fault, started_by_queries);
  }
  if (started_by_person) err << greeting(*config, (*server)->listening()) << std::flush;
  if (const auto served = (*server)->run(); !served) {
    complain(err, served.error());
    return give_up(served.error().fault, started_by_queries);
  }
  return 0;
}

}  // namespace tacet
