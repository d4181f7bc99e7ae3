#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "control/control_socket.hpp"
#include "listen/bind.hpp"
#include "system/confinement.hpp"
#include "system/service_manager.hpp"
#include "tacet/config.hpp"
#include "tacet/open_file.hpp"
#include "tacet/result.hpp"
#include "tacet/server.hpp"
#include "transport/http/http.hpp"

namespace tacet {

/// What a server has before it has threads.
struct Startup {
  std::unique_ptr<HttpLibrary> http;  ///< must outlive all connections
  ReadConfig read;                    ///< null: there is nothing to reload
  OpenFile open;
  std::vector<std::vector<ListenSockets>> sockets;  ///< [worker][address]
  std::optional<ControlSocket> control;             ///< nothing: not wanted, or the log says why not
  NotifySocket notify;
  Confinement confinement;
};

/// Starts the log and the HTTP library, starts the process that opens files, opens the sockets, becomes another user,
/// and confines this process for good, in this order. To be called while there is one thread. Faults as
/// Server::create(), but for those of the query log.
Result<Startup> start_up(const Config& config, ConfigSource source);

}  // namespace tacet
