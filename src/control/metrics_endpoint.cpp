#include "control/metrics_endpoint.hpp"

#include <utility>

#include "config/address.hpp"
#include "control/http_server.hpp"
#include "listen/bind.hpp"
#include "report/prometheus.hpp"

namespace tacet {
namespace {

/// A client's time limit; a scrape takes milliseconds.
constexpr Duration patience = std::chrono::seconds(5);

}  // namespace

class MetricsEndpoint::State {
public:
  State(Descriptor listener, std::unique_ptr<HttpServer> server)
      : listener_(std::move(listener)),
        server_(std::move(server)) {}

private:
  Descriptor listener_;  // outlives the server
  std::unique_ptr<HttpServer> server_;
};

MetricsEndpoint::MetricsEndpoint(std::unique_ptr<State> state) : state_(std::move(state)) {}
MetricsEndpoint::~MetricsEndpoint() = default;

Result<Descriptor> MetricsEndpoint::listen(const SocketAddress& address) { return bind_tcp(address); }

Result<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::create(Descriptor listener, MetricsSource source) {
  HttpSite site{.routes = {}, .is_ours = is_loopback_host, .patience = patience};
  site.routes["GET /metrics"] = [source = std::move(source)](const HttpRequest&) {
    return HttpReply{200, prometheus_text(source.snapshot(), source.exposure().exposure), prometheus_type};
  };
  auto server = HttpServer::create(listener.get(), std::move(site));
  if (!server) return fail(server.error());
  auto state = std::make_unique<State>(std::move(listener), *std::move(server));
  return std::unique_ptr<MetricsEndpoint>(new MetricsEndpoint(std::move(state)));
}

bool is_loopback_host(std::string_view host) {
  // The port is behind the last colon, unless that belongs to an address in brackets.
  if (const auto colon = host.rfind(':');
      colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos)
    host = host.substr(0, colon);
  if (host == "localhost") return true;
  const bool in_brackets = host.starts_with('[') && host.ends_with(']');
  const auto address = canonical_address(in_brackets ? host.substr(1, host.size() - 2) : host);
  return address && is_loopback(*address) && in_brackets == address->contains(':');
}

}  // namespace tacet
