#include "cli/ask/control_client.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <httplib.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/descriptor.hpp"

namespace tacet {
namespace {

constexpr auto patience = std::chrono::seconds(10);

/// The library's client on a socket that is connected already; older versions know TCP only.
class UnixClient final : public httplib::ClientImpl {
public:
  explicit UnixClient(Descriptor descriptor) : ClientImpl("localhost", 80), descriptor_(std::move(descriptor)) {
    set_read_timeout(patience);
    set_write_timeout(patience);
    set_default_headers({{"Accept-Encoding", "identity"}});
  }

private:
  bool create_and_connect_socket(Socket& socket, httplib::Error& error) override {
    socket.sock = descriptor_.release();
    error = socket.is_open() ? httplib::Error::Success : httplib::Error::Connection;
    return socket.is_open();
  }

  Descriptor descriptor_;
};

std::string user_name(uid_t id) {
  const passwd* entry = ::getpwuid(id);
  return entry != nullptr ? entry->pw_name : std::to_string(id);
}

std::string group_name(gid_t id) {
  const group* entry = ::getgrgid(id);
  return entry != nullptr ? entry->gr_name : std::to_string(id);
}

/// Who may open the socket, as far as this user may know: of the directory if the socket itself is hidden.
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
  return descriptor;
}

httplib::Result send(UnixClient& client, const ControlRequest& request) {
  const auto path =
      request.parameters.empty() ? request.path : httplib::append_query_params(request.path, request.parameters);
  return request.method == "POST" ? client.Post(path) : client.Get(path);
}

}  // namespace

Result<nlohmann::ordered_json> ask(const std::string& socket_path, const ControlRequest& request) {
  auto descriptor = connect(socket_path);
  if (!descriptor) return fail(descriptor.error());
  UnixClient client(*std::move(descriptor));
  const auto response = send(client, request);
  if (!response)
    return fail(Fault::timeout, fmt::format("the process that listens on {} does not answer ({})", socket_path,
                                            httplib::to_string(response.error())));
  auto json = nlohmann::ordered_json::parse(response->body, nullptr, false);
  if (!json.is_object())
    return fail(Fault::protocol,
                fmt::format("what listens on {} is no tacet: it answers {}", socket_path, response->status));
  if (response->status != 200)
    return fail(Fault::refused, json.value("error", fmt::format("refused with status {}", response->status)));
  return json;
}

}  // namespace tacet
