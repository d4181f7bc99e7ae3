#include "cli/setup/command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <ostream>
#include <ranges>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/descriptor.hpp"
#include "base/text_parts.hpp"

extern char** environ;

namespace tacet {
namespace {

/// A pipe that already holds `input`, which is far smaller than a pipe's room.
Result<Descriptor> filled_pipe(const std::string& input) {
  int ends[2];
  if (::pipe(ends) != 0) return fail(Fault::system, fmt::format("pipe: {}", std::strerror(errno)));
  Descriptor out(ends[0]);
  const Descriptor in(ends[1]);
  for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
  if (::write(in.get(), input.data(), input.size()) != static_cast<ssize_t>(input.size()))
    return fail(Fault::system, "pipe: not all of the input fits");
  return out;
}

/// The program's file: in a folder of PATH, else in one of the system's own, which `su` and cron leave out of it. The
/// name itself if it is nowhere: starting that tells the reason.
std::string file_of(const std::string& program) {
  const char* const path = std::getenv("PATH");
  const std::string folders = fmt::format("{}:/usr/sbin:/sbin", path ? path : "/usr/bin:/bin");
  for (const auto folder : std::views::split(folders, ':')) {
    std::string file = fmt::format("{}/{}", std::string_view(folder.begin(), folder.end()), program);
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return program;
}

/// Starts the program with `input` as its standard input, and `output`, unless it is -1, as its standard output.
/// Returns the error number, or 0.
int spawn(const Command& command, int input, int output, pid_t& child) {
  std::vector<std::string> words = command.words;
  std::vector<char*> arguments;
  std::ranges::transform(words, std::back_inserter(arguments), [](std::string& word) { return word.data(); });
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  if (output >= 0) {
    ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  }
  const int error = ::posix_spawn(&child, file_of(words.front()).c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  return error;
}

/// Waits for the program's end. Fault::system unless its exit status is 0.
Result<void> await_end(const Command& command, pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return fail(Fault::system, fmt::format("{}: {}", command.words.front(), std::strerror(errno)));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail(Fault::system,
              fmt::format("`{}` failed ({} {})", to_string(command), WIFEXITED(status) ? "exit status" : "signal",
                          WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status)));
}

std::unexpected<Error> not_started(const Command& command, int error) {
  return fail(Fault::system, fmt::format("{}: {}", command.words.front(), std::strerror(error)));
}

/// Reads until the other end is closed. Drops everything beyond a MiB.
std::string read_to_end(int descriptor) {
  constexpr std::size_t most = 1U << 20;
  std::string text;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t size = ::read(descriptor, part.data(), part.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return text;
    if (text.size() < most) text.append(part.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace

std::string to_string(const Command& command) {
  const auto line = fmt::format("{}", fmt::join(command.words, " "));
  if (command.input.empty()) return line;
  return fmt::format("echo '{}' | {}", command.input.substr(0, command.input.find('\n')), line);
}

bool has_program(const std::string& name) { return file_of(name) != name; }

bool has_systemd() {
  std::error_code error;
  return std::filesystem::is_directory("/run/systemd/system", error);
}

Result<void> check_root(std::string_view what) {
  if (::geteuid() == 0) return {};
  return fail(Fault::refused,
              fmt::format("this changes {}: it needs root (sudo). --dry-run shows what it would do", what));
}

void say_writing(std::ostream& out, const std::string& path, std::string_view text) {
  out << "write " << path << '\n';
  for (const auto line : split(text, '\n'))
    if (!line.empty()) out << "  | " << line << '\n';
}

Result<void> run(const Command& command) {
  const auto input = filled_pipe(command.input);
  if (!input) return fail(input.error());
  pid_t child = 0;
  if (const int error = spawn(command, input->get(), -1, child); error != 0) return not_started(command, error);
  return await_end(command, child);
}

Result<std::string> output_of(const Command& command) {
  const auto input = filled_pipe(command.input);
  if (!input) return fail(input.error());
  int ends[2];
  if (::pipe(ends) != 0) return fail(Fault::system, fmt::format("pipe: {}", std::strerror(errno)));
  const Descriptor out(ends[0]);
  Descriptor in(ends[1]);
  for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
  pid_t child = 0;
  if (const int error = spawn(command, input->get(), in.get(), child); error != 0) return not_started(command, error);
  in = Descriptor();
  auto text = read_to_end(out.get());
  if (auto ended = await_end(command, child); !ended) return fail(ended.error());
  return text;
}

}  // namespace tacet
