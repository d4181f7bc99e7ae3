#include "cli/doctor/trace_fetches.hpp"

#include <fmt/format.h>

#include "config/address.hpp"
#include "transport/http/http.hpp"
#include "transport/http/http_fetch.hpp"

namespace tacet {
namespace {

std::optional<Trace> fetch_trace(const FetchRequest& request) {
  constexpr long ok = 200;
  const auto fetched = http_fetch(request);
  return fetched && fetched->status == ok ? read_trace(fetched->text) : std::nullopt;
}

}  // namespace

void TraceFetches::begin(const UpstreamConfig& upstream, ReachTry& into) {
  if (into.transport != Transport::doh || into.address.empty() || into.without_sni || !into.way.empty()) return;
  const SocketAddress address{.address = parse_host_address(into.address).value(), .port = into.port};
  FetchRequest request{
      .url = http_target(upstream, address).origin + "/cdn-cgi/trace", .address = address, .ca_file = upstream.ca_file};
  running_.emplace_back(&into, std::async(std::launch::async, fetch_trace, std::move(request)));
}

void TraceFetches::await() {
  for (auto& [into, trace] : running_) into->trace = trace.get();
  running_.clear();
}

}  // namespace tacet
