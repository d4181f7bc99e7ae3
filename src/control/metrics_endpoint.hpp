#pragma once
#include <functional>
#include <memory>

#include "base/descriptor.hpp"
#include "privacy/exposure_report.hpp"
#include "report/snapshot.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// Where the numbers come from. Called on the endpoint's thread; may wait for workers, but not for ever.
struct MetricsSource {
  std::function<Snapshot()> snapshot;
  std::function<ExposureReport()> exposure;
};

/// prometheus_text() of a source, as `GET /metrics` by HTTP at a loopback address, for a Prometheus on this machine.
/// What does not name this machine by a loopback name in its Host header is refused, for web pages can make a browser
/// connect to loopback.
class MetricsEndpoint {
public:
  /// A socket that listens there. Faults: in_use, refused, unsupported, system.
  static Result<Descriptor> listen(const SocketAddress& address);
  /// Serves on it. Fault::system.
  static Result<std::unique_ptr<MetricsEndpoint>> create(Descriptor listener, MetricsSource source);
  ~MetricsEndpoint();

private:
  class State;
  explicit MetricsEndpoint(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// True for "localhost", an address of 127.0.0.0/8 and "[::1]", each with or without a port.
bool is_loopback_host(std::string_view host);

}  // namespace tacet
