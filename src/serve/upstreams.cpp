#include "serve/upstreams.hpp"

#include <algorithm>

#include "transport/lane.hpp"

namespace tacet {
namespace {

/// No failure mode opens more upstream sockets than this, for one worker.
constexpr std::size_t most_sockets = 8;
constexpr std::size_t lanes_per_service = 2;

}  // namespace

TrustStores::TrustStores(const Config& config) {
  for (const UpstreamConfig& upstream : config.upstreams)
    if (std::ranges::find(stores_, upstream.ca_file, [](const auto& entry) { return entry.first; }) == stores_.end())
      stores_.emplace_back(upstream.ca_file, TrustStore::begin_load(upstream.ca_file));
}

Result<void> TrustStores::await() const {
  for (const auto& [file, store] : stores_)
    if (Result<void> read = store->await(); !read) return read;
  return {};
}

std::shared_ptr<TrustStore> TrustStores::of(const UpstreamConfig& upstream) const {
  return std::ranges::find(stores_, upstream.ca_file, [](const auto& entry) { return entry.first; })->second;
}

void TrustStores::refresh() const {
  for (const auto& [file, store] : stores_) store->refresh();
}

Upstreams::Upstreams(const Parts& parts) : budget_(most_sockets), bootstrap_(parts.loop, parts.config.bootstrap) {
  std::vector<UpstreamOperator> operators;
  for (const UpstreamConfig& config : parts.config.upstreams) {
    auto group = std::ranges::find(operators, config.operator_name, &UpstreamOperator::name);
    if (group == operators.end()) group = operators.insert(group, UpstreamOperator{config.operator_name, {}});
    services_.push_back(std::make_unique<Service>(Service::Parts{
        parts.loop, parts.tasks, config, parts.trust.of(config), budget_, bootstrap_, parts.on_established}));
    UpstreamService& service = group->services.emplace_back();
    for (std::size_t number = 0; number < lanes_per_service; ++number)
      service.lanes.push_back(std::make_unique<Lane>(*services_.back(), number));
  }
  set_ = std::make_unique<UpstreamSet>(parts.loop.scheduler(), parts.tasks, parts.metrics, std::move(operators));
}

Upstreams::~Upstreams() = default;

}  // namespace tacet
