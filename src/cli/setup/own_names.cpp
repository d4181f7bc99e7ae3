#include "cli/setup/own_names.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/setup/probe.hpp"

namespace tacet {
namespace {

constexpr int names = 4;  // that have to arrive

/// Asks for each name as programs do, in a process that has read no nsswitch.conf and no resolv.conf yet. Ignores the
/// answers. Faults: system.
Result<void> ask_as_programs_do(const std::vector<std::string>& asked, std::chrono::seconds patience) {
  const pid_t child = ::fork();
  if (child < 0) return fail(Fault::system, fmt::format("fork: {}", std::strerror(errno)));
  if (child == 0) {
    ::alarm(static_cast<unsigned>(patience.count()));
    for (const auto& name : asked) {
      addrinfo hints{};
      hints.ai_family = AF_INET;
      hints.ai_socktype = SOCK_DGRAM;
      addrinfo* found = nullptr;
      if (::getaddrinfo(name.c_str(), nullptr, &hints, &found) == 0) ::freeaddrinfo(found);
    }
    ::_exit(0);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return {};
}

/// Names that tacet answers by itself. If tacet does not count those apart, names below a public name: every other
/// cache must ask for them, too.
std::vector<std::string> fresh_names(std::string_view below) {
  std::vector<std::string> all;
  for (int i = 0; i < names; ++i) {
    auto name = fresh_name();
    name.replace(name.find('.'), std::string::npos, below);
    all.push_back(std::move(name));
  }
  return all;
}

/// A lower limit of the names that arrived.
std::uint64_t arrived(const QueryCount& before, const QueryCount& after, bool are_local) {
  return are_local ? after.local - before.local : after.taken - before.taken;
}

}  // namespace

Result<void> names_arrive(const std::string& server, const std::string& socket, std::chrono::seconds patience) {
  const auto start = query_count(socket);
  if (!start) return fail(start.error());
  for (const std::string_view below : {".test.", ".example.com."}) {
    const bool are_local = below == ".test." && !start->forwards_test;
    const auto before = query_count(socket);
    if (auto done = ask_as_programs_do(fresh_names(below), patience); !done) return done;
    const auto after = query_count(socket);
    if (!before || !after) return fail((before ? after : before).error());
    if (arrived(*before, *after, are_local) >= names) return {};
  }
  return fail(Fault::refused,
              fmt::format("names that programs ask for do not arrive at tacet{}: see the line `hosts` of "
                          "/etc/nsswitch.conf, and find the program that answers them",
                          server.empty() ? "" : fmt::format(" ({})", server)));
}

}  // namespace tacet
