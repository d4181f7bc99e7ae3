#include "daemon/startup.hpp"

#include <utility>

#include "base/log.hpp"
#include "daemon/validation_rules.hpp"
#include "listen/open_sockets.hpp"
#include "report/query_file.hpp"
#include "system/file_opener.hpp"
#include "system/users.hpp"
#include "transport/tls/tls.hpp"

namespace tacet {
namespace {

/// The control socket stays root's, and so does its directory. If they were `nobody`'s, any other process of `nobody`
/// could put its own socket in that place, and speak to root in our name. So a tacet that was root leaves the socket
/// behind; the next start replaces it.
std::optional<ControlSocket> open_control_socket(const Config& config) {
  if (config.control.socket.empty()) return std::nullopt;
  Result<ControlSocket> socket = ControlSocket::listen(config.control.socket, config.control.group);
  if (socket) return std::move(*socket);
  log::warn("no control socket, so `tacet status`, `flush` and `exposure` will not work: {}", socket.error().detail);
  return std::nullopt;
}

}  // namespace

Result<Startup> start_up(const Config& config, ConfigSource source) {
  log::start(config.log.level);
  log::set_limit(config.log.lines);
  auto http = std::make_unique<HttpLibrary>();
  const auto users = has_sanitizer() ? Users{} : choose_users(config, source.file);
  if (!users) return fail(users.error());
  auto files = TrustStore::system_bundles();
  files.emplace_back(root_anchor_file);
  auto open = is_confined(config) ? start_file_opener(config, source, *users, std::move(files)) : OpenFile(open_file);
  if (!open) return fail(std::move(open.error()));
  auto sockets = open_sockets(config);
  if (!sockets) return fail(std::move(sockets.error()));
  auto control = open_control_socket(config);
  if (config.query_log.to.starts_with('/'))
    if (auto made = make_directory_of(config.query_log.to, users->resolver); !made)
      return fail(std::move(made.error()));
  auto notify = NotifySocket::open();
  if (const auto& account = users->resolver)
    if (auto became = become(*account); !became) return fail(std::move(became.error()));
  // From here on there are threads, and each has what this one has given up.
  Confinement confinement = confine(config, reach_of(config));
  if (users->resolver) confinement.user = users->resolver->name;
  return Startup{std::move(http),    std::move(source.read), *std::move(open),      *std::move(sockets),
                 std::move(control), std::move(notify),      std::move(confinement)};
}

}  // namespace tacet
