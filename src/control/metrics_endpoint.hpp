#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/http_site.hpp"
#include "observe/history.hpp"
#include "report/exposure_overview.hpp"
#include "report/snapshot.hpp"

namespace tacet {

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

/// True for "localhost", an address of 127.0.0.0/8, "[::1]" and these names (lower case), each with or without a port.
bool is_own_host(std::string_view host, const std::vector<std::string>& names);

/// HTTP at a loopback address, for a Prometheus and a browser on this machine. It has GET only, and nothing that it has
/// can change anything:
/// GET /              the page, page_html()
/// GET /names?pass=P  the same with names that clients asked for; without a pass that holds there is no such path
/// GET /status.json   status_json()
/// GET /history.json  history_json(); ?minutes=N tells only the last N
/// GET /metrics       prometheus_text()
/// Web pages can make a browser connect to loopback, and a name of theirs can lead there. So it refuses requests with a
/// Host header that is neither a loopback address nor one of `names` (lower case).
HttpSite metrics_site(MetricsSource source, std::vector<std::string> names);

}  // namespace tacet
