#include "control/metrics_endpoint.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "base/whole_number.hpp"
#include "report/page/page.hpp"
#include "report/prometheus.hpp"
#include "report/status_json.hpp"

namespace tacet {
namespace {

/// A client's time limit; a scrape takes milliseconds.
constexpr Duration patience = std::chrono::seconds(5);

HttpReply page(const MetricsSource& source, const ExposureOverview& exposure, const Exposure* names) {
  const Snapshot snapshot = source.snapshot();
  const Instant now = source.now();
  const auto minutes = source.history(snapshot.metrics, now, History::most_minutes);
  return {200, page_html({snapshot, exposure, minutes, now, names}), "text/html; charset=utf-8"};
}

HttpReply page_with_names(const MetricsSource& source, const HttpRequest& request) {
  const auto report = source.names(request.get("pass"));
  if (!report)
    return http_error(404, "no pass, or it has ended: `tacet status --page --names` prints an address with a new one");
  return page(source, *report, &report->exposure);
}

HttpReply status(const MetricsSource& source) {
  return {200, status_json(source.snapshot(), source.exposure()) + "\n"};
}

/// `minutes` of a request: all without it, 0 for anything but a number.
std::size_t minutes_in(const HttpRequest& request) {
  if (!request.has("minutes")) return History::most_minutes;
  return whole_number<std::size_t>(request.get("minutes")).value_or(0);
}

HttpReply history(const MetricsSource& source, const HttpRequest& request) {
  const std::size_t most = minutes_in(request);
  if (most == 0) return http_error(400, "minutes is a number from 1");
  const Snapshot snapshot = source.snapshot();
  const Instant now = source.now();
  return {200, history_json(source.history(snapshot.metrics, now, most), now) + "\n"};
}

HttpReply metrics(const MetricsSource& source) {
  return {200, prometheus_text(source.snapshot(), source.exposure()), prometheus_type};
}

}  // namespace

HttpSite metrics_site(MetricsSource given, std::vector<std::string> names) {
  HttpSite site{.routes = {},
                .is_ours = [names = std::move(names)](std::string_view host) { return is_own_host(host, names); },
                .fields = page_fields(),
                .patience = patience};
  const auto source = std::make_shared<const MetricsSource>(std::move(given));
  auto& routes = site.routes;
  routes["GET /"] = [source](const HttpRequest&) { return page(*source, source->exposure(), nullptr); };
  routes["GET /names"] = [source](const HttpRequest& request) { return page_with_names(*source, request); };
  routes["GET /status.json"] = [source](const HttpRequest&) { return status(*source); };
  routes["GET /history.json"] = [source](const HttpRequest& request) { return history(*source, request); };
  routes["GET /metrics"] = [source](const HttpRequest&) { return metrics(*source); };
  return site;
}

bool is_own_host(std::string_view host, const std::vector<std::string>& names) {
  // The port is behind the last colon, unless that belongs to an address in brackets.
  if (const auto colon = host.rfind(':');
      colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos)
    host = host.substr(0, colon);
  const std::string name = lower_case(host);
  if (name == "localhost" || std::ranges::find(names, name) != names.end()) return true;
  const bool in_brackets = host.starts_with('[') && host.ends_with(']');
  const auto address = IpAddress::from_text(in_brackets ? host.substr(1, host.size() - 2) : host);
  return address && address->is_loopback() && in_brackets == address->is_v6();
}

}  // namespace tacet
