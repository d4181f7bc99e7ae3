#pragma once
#include <memory>

#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The resolver as a daemon: listeners and workers around one cache. Everything an embedding main() needs.
class Server {
public:
  /// Reads trust stores and binds the addresses, so that whatever can be wrong with the configuration on this machine
  /// is known before the first query. Faults: invalid_config (a CA bundle), in_use (an address; the detail names the
  /// holder or how to find it), system.
  static Result<std::unique_ptr<Server>> create(const Config& config);
  ~Server();

  /// Serves until stop() or, if the signals are left to it, SIGTERM or SIGINT; then answers what is in flight, for at
  /// most a second. Tells the service manager when it is ready (sd_notify) and when it stops.
  void run();

  /// Makes run() return. Any thread.
  void stop();

  /// For the composition root's own use and for tests.
  class State;

private:
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tacet
