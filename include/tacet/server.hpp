#pragma once
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tacet/config.hpp"
#include "tacet/open_file.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// Reads the configuration once more, from a file that it opens by `open`; the faults, one a line, if it is unusable.
/// Runs in this process and in the one that opens files for it. There it has other rights, and the memory of the start.
using ReadConfig = std::function<std::expected<Config, std::vector<std::string>>(const OpenFile& open)>;

/// Where a configuration comes from.
struct ConfigSource {
  std::string file;   ///< the file that `read` reads; a confined process can still open it
  ReadConfig read{};  ///< empty: there is nothing to reload
};

/// The resolver as a daemon: listeners and workers around one cache. An embedding main() needs only this and a Config;
/// tests/integration/embedding.cpp is one. One at a time in a process.
class Server {
public:
  /// Starts the log (standard error), binds the addresses, leaves root, confines this process for good (`user`,
  /// `confine`) and begins to read the trust stores. Before it confines itself it starts a process that opens files for
  /// it, which ends with this one. Call it while there is one thread. Faults: invalid_config (`user`), in_use (an
  /// address; the detail names the holder or how to find it), refused (a port that needs a privilege), unsupported (no
  /// such address here), system. run() calls `source.read` on its thread when SIGHUP or the control socket asks for a
  /// reload; without it there is nothing to reload.
  static Result<std::unique_ptr<Server>> create(const Config& config, ConfigSource source = {});
  ~Server();

  /// Where it listens: "127.0.0.1:53". Default addresses of a family that the machine lacks are not among them.
  std::vector<std::string> listening() const;

  /// Serves until stop() or, if the signals are left to it, SIGTERM or SIGINT. Then it answers what is in flight, for
  /// at most a second. Tells the service manager when it is ready (sd_notify) and when it stops. Fault::invalid_config,
  /// soon after the start, if a bundle of certificate authorities is unusable.
  Result<void> run();

  /// Makes run() return. Any thread.
  void stop();

  /// Only for the composition root and for tests.
  class State;

private:
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tacet
