#pragma once
#include <functional>
#include <memory>

#include "base/descriptor.hpp"
#include "privacy/exposure_report.hpp"
#include "report/snapshot.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The source of the numbers. The endpoint's thread calls it; it may wait for workers, but not for ever.
struct MetricsSource {
  std::function<Snapshot()> snapshot;
  std::function<ExposureReport()> exposure;
};

/// prometheus_text() of a source, as `GET /metrics` by HTTP at a loopback address, for a Prometheus on this machine. It
/// refuses requests without a loopback name in the Host header, because web pages can make a browser connect to
/// loopback.
class MetricsEndpoint {
public:
  /// Opens the listening socket. Faults: in_use, refused, unsupported, system.
  static Result<Descriptor> listen(const SocketAddress& address);
  /// Starts to serve on it. Fault::system.
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
