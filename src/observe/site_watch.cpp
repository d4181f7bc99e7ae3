#include "observe/site_watch.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tacet {
namespace {

/// A server can take new addresses for ever, and a laptop new networks.
constexpr std::size_t most_places = 256, most_networks = 32, longest_name = 64;

constexpr std::string_view digits = "0123456789";

/// Cloudflare's: the number of the site, "m", the number of the machine.
bool is_numbered(std::string_view server, std::size_t m) {
  return m != std::string_view::npos && m > 0 && m + 1 < server.size() && server.find_first_not_of(digits) == m &&
         server.find_first_not_of(digits, m + 1) == std::string_view::npos;
}

}  // namespace

std::string_view site_in(std::string_view server) {
  if (const auto m = server.find('m'); is_numbered(server, m)) return server.substr(0, m + 1);
  if (const auto dot = server.find('.'); dot != std::string_view::npos && server.find('.', dot + 1) != server.npos)
    return server.substr(dot + 1);
  const auto last = server.find_last_not_of(digits);
  if (last == std::string_view::npos || last == 0 || server[last] != '-') return server;
  return server.substr(0, last);
}

void SiteWatch::use(const std::vector<UpstreamConfig>& upstreams) {
  const std::lock_guard lock(mutex_);
  std::erase_if(places_, [&](const auto& each) {
    return std::ranges::find(upstreams, each.first.first, &UpstreamConfig::url) == upstreams.end();
  });
}

void SiteWatch::saw(const UpstreamConfig& upstream, const std::string& address, std::string_view server,
                    const std::string& network, Instant now) {
  const std::string name(server.substr(0, longest_name)), site(site_in(name));
  const std::lock_guard lock(mutex_);
  const std::pair key(upstream.url, address);
  if (places_.size() >= most_places && !places_.contains(key)) return;
  auto& [latest, by_network] = places_[key];
  const auto here = by_network.find(network);
  const std::string before = here != by_network.end() ? here->second : latest.site;
  const bool elsewhere = here == by_network.end();
  if (elsewhere && by_network.size() >= most_networks) by_network.clear();
  by_network[network] = site;
  auto change = std::move(latest.change);
  const bool changed = !before.empty() && before != site;
  if (changed) change = SiteChange{before, elsewhere, now};
  latest = {upstream.url, address, name, site, std::move(change)};
  if (changed) tell(latest, now);
}

void SiteWatch::tell(const ServerSite& site, Instant now) {
  ++changes_;
  if (const auto held = told_.pass(now))
    log::info("{} at {} answers from the site {} now ({}); before from {}{}{}", site.upstream, site.address, site.site,
              site.server, site.change->before, site.change->elsewhere ? ", on another network" : "",
              *held > 0 ? fmt::format("; {} more changes since the last such line", *held) : std::string());
}

std::vector<ServerSite> SiteWatch::sites() const {
  std::vector<ServerSite> all;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, place] : places_) all.push_back(place.latest);
  return all;
}

std::uint64_t SiteWatch::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

}  // namespace tacet
