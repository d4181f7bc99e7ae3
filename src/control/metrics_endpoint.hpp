#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.hpp"
#include "observe/history.hpp"
#include "report/exposure_overview.hpp"
#include "report/snapshot.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

struct HttpSite;

/// The source of the numbers. The endpoint's thread calls it; it may wait for workers, but not for ever.
struct MetricsSource {
  std::function<Snapshot()> snapshot;
  std::function<ExposureOverview()> exposure;
  /// The last `most` minutes, up to the moment of a snapshot with these totals.
  std::function<std::vector<HistoryMinute>(const Metrics& totals, Instant now, std::size_t most)> history;
  std::function<Instant()> now;
  /// The names that clients asked for, if this pass (PagePasses) holds.
  std::function<std::optional<ExposureReport>(std::string_view pass)> names;
};

/// HTTP at a loopback address, for a Prometheus and a browser on this machine. It has GET only, and nothing that it has
/// can change anything:
/// GET /              the page, page_html()
/// GET /names?pass=P  the same with names that clients asked for; without a pass that holds there is no such path
/// GET /status.json   status_json()
/// GET /history.json  history_json(); ?minutes=N tells only the last N
/// GET /metrics       prometheus_text()
/// Web pages can make a browser connect to loopback, and a name of theirs can lead there. So it refuses requests with a
/// Host header that is neither a loopback address nor a name of this machine.
class MetricsEndpoint {
public:
  /// Opens the listening socket. Faults: in_use, refused, unsupported, system.
  static Result<Descriptor> listen(const SocketAddress& address);
  /// Starts to serve on it, by these names (lower case) too. Fault::system.
  static Result<std::unique_ptr<MetricsEndpoint>> create(Descriptor listener, MetricsSource source,
                                                         std::vector<std::string> names);
  ~MetricsEndpoint();

private:
  class State;
  explicit MetricsEndpoint(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// True for "localhost", an address of 127.0.0.0/8, "[::1]" and these names (lower case), each with or without a port.
bool is_own_host(std::string_view host, const std::vector<std::string>& names);

/// The endpoint's answers without the socket and the thread.
HttpSite metrics_site(MetricsSource source, std::vector<std::string> names);

}  // namespace tacet
