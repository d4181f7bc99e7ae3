#include "cli/ask/control_client.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/descriptor.hpp"
#include "listen/http/http_request.hpp"

namespace tacet {
namespace {

constexpr timeval patience{.tv_sec = 10, .tv_usec = 0};

std::string user_name(uid_t id) {
  const passwd* entry = ::getpwuid(id);
  return entry != nullptr ? entry->pw_name : std::to_string(id);
}

std::string group_name(gid_t id) {
  const group* entry = ::getgrgid(id);
  return entry != nullptr ? entry->gr_name : std::to_string(id);
}

/// Tells which users may open the socket, or its directory if this user cannot see the socket.
std::string not_permitted(const std::string& path) {
  const std::string text = fmt::format("you may not open {}", path);
  const auto parent = std::filesystem::path(path).parent_path().string();
  for (const auto& place : {path, parent}) {
    struct stat status{};
    if (::stat(place.c_str(), &status) != 0) continue;
    const auto group = group_name(status.st_gid);
    const auto member =
        group == "root" ? std::string()
                        : fmt::format(", or become a member of group {0} (`sudo adduser {1} {0}`, then log in anew)",
                                      group, user_name(::geteuid()));
    return fmt::format("{}: {} belongs to user {} and group {} (mode {:04o}); use sudo{}", text, place,
                       user_name(status.st_uid), group, status.st_mode & 07777U, member);
  }
  return text + "; use sudo";
}

Error connect_error(const std::string& path, int error) {
  if (error == EACCES || error == EPERM) return {Fault::refused, not_permitted(path)};
  if (error == ENOENT || error == ECONNREFUSED || error == ENOTDIR)
    return {Fault::unreachable,
            fmt::format("no tacet is running that listens on {} (start it with `tacet run`, or name "
                        "its socket with --socket)",
                        path)};
  return {Fault::unreachable, fmt::format("{}: {}", path, std::generic_category().message(error))};
}

Result<Descriptor> connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return fail(Fault::invalid_config, fmt::format("'{}' is empty or too long for a Unix socket", path));
  std::memcpy(address.sun_path, path.data(), path.size());
  Descriptor descriptor(::socket(AF_UNIX, SOCK_STREAM, 0));
  const void* const any = &address;
  if (!descriptor || ::connect(descriptor.get(), static_cast<const sockaddr*>(any), sizeof address) != 0)
    return fail(connect_error(path, errno));
  ::fcntl(descriptor.get(), F_SETFD, FD_CLOEXEC);
  for (const int side : {SO_RCVTIMEO, SO_SNDTIMEO})
    ::setsockopt(descriptor.get(), SOL_SOCKET, side, &patience, sizeof patience);
  return descriptor;
}

std::string text_of(const ControlRequest& request) {
  std::string target = request.path;
  for (const auto& [name, value] : request.parameters)
    target += fmt::format("{}{}={}", target.contains('?') ? '&' : '?', name, percent_encoded(value));
  return fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", request.method, target);
}

/// Sends everything. Returns the errno of a failure, or 0.
int send_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto size = ::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
    if (size < 0 && errno != EINTR) return errno;
    if (size > 0) text.remove_prefix(static_cast<std::size_t>(size));
  }
  return 0;
}

/// Appends everything up to the end to `text`. Returns the errno of a failure, or 0.
int receive_all(int descriptor, std::string& text) {
  std::array<char, 16384> buffer;
  while (true) {
    const auto size = ::recv(descriptor, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno != EINTR) return errno;
    if (size == 0) return 0;
    if (size > 0) text.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

struct ControlAnswer {
  int status = 0;
  std::string_view body;
};

/// Parses our server's answer, which ends with the connection. Status 0 for anything else.
ControlAnswer parsed(std::string_view text) {
  constexpr std::string_view version = "HTTP/1.1 ", head_end = "\r\n\r\n";
  ControlAnswer answer;
  const auto end = text.find(head_end);
  if (!text.starts_with(version) || end == std::string_view::npos) return answer;
  std::from_chars(text.data() + version.size(), text.data() + end, answer.status);
  answer.body = text.substr(end + head_end.size());
  return answer;
}

std::string why_silent(int error) {
  if (error == 0) return "it hangs up";
  if (error == EAGAIN) return fmt::format("within {} s", patience.tv_sec);
  return std::generic_category().message(error);
}

}  // namespace

Result<nlohmann::ordered_json> ask(const std::string& socket_path, const ControlRequest& request) {
  auto descriptor = connect(socket_path);
  if (!descriptor) return fail(descriptor.error());
  std::string text;
  int error = send_all(descriptor->get(), text_of(request));
  if (error == 0) error = receive_all(descriptor->get(), text);
  if (error != 0 || text.empty())
    return fail(Fault::timeout,
                fmt::format("the process that listens on {} does not answer ({})", socket_path, why_silent(error)));
  const auto [status, body] = parsed(text);
  auto json = nlohmann::ordered_json::parse(body, nullptr, false);
  if (!json.is_object())
    return fail(Fault::protocol,
                fmt::format("the process that listens on {} is no tacet: it answers {}", socket_path, status));
  if (status != 200) return fail(Fault::refused, json.value("error", fmt::format("refused with status {}", status)));
  return json;
}

}  // namespace tacet
