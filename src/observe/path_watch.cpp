#include "observe/path_watch.hpp"

#include <algorithm>
#include <utility>

namespace tacet {
namespace {

bool has(const std::vector<Interference>& all, InterferenceKind kind) {
  return std::ranges::find(all, kind, &Interference::kind) != all.end();
}

/// Entries can share a URL and leave by different interfaces. Empty for what is not watched.
std::string key_of(const UpstreamConfig& upstream) {
  if (upstream.proxy.is_used()) return {};
  return upstream.via.is_set() ? upstream.url + " by " + to_string(upstream.via) : upstream.url;
}

}  // namespace

void PathWatch::use(const std::vector<UpstreamConfig>& upstreams) {
  std::map<std::string, UpstreamPath> paths;
  const std::lock_guard lock(mutex_);
  for (const UpstreamConfig& upstream : upstreams) {
    if (upstream.proxy.is_used()) continue;
    const auto known = paths_.find(key_of(upstream));
    paths[key_of(upstream)] =
        known != paths_.end()
            ? known->second
            : UpstreamPath{.operator_name = upstream.operator_name, .port = upstream.port, .fault = {}, .words = {}};
  }
  paths_ = std::move(paths);
  found_ = judge_paths(paths_);
}

void PathWatch::established(const UpstreamConfig& upstream, Instant now) {
  const std::lock_guard lock(mutex_);
  const auto path = paths_.find(key_of(upstream));
  if (path == paths_.end() || (path->second.works && !path->second.has_lost_ipv6)) return;
  path->second = {
      .operator_name = path->second.operator_name, .port = path->second.port, .works = true, .fault = {}, .words = {}};
  judge(now);
}

void PathWatch::lost_ipv6(const UpstreamConfig& upstream, Instant now) {
  const std::lock_guard lock(mutex_);
  const auto path = paths_.find(key_of(upstream));
  if (path == paths_.end() || std::exchange(path->second.has_lost_ipv6, true)) return;
  path->second.works = true;
  judge(now);
}

void PathWatch::failed(const UpstreamConfig& upstream, const Error& error, Instant now) {
  const std::lock_guard lock(mutex_);
  const auto found = paths_.find(key_of(upstream));
  if (found == paths_.end()) return;
  UpstreamPath& path = found->second;
  path.works = false;
  path.fault = error.fault;
  path.words = error.detail;
  ++path.failures;
  judge(now);
}

void PathWatch::network_changed() {
  const std::lock_guard lock(mutex_);
  for (auto& [url, path] : paths_)
    path = {.operator_name = path.operator_name, .port = path.port, .fault = {}, .words = {}};
  found_.clear();
}

std::vector<Interference> PathWatch::interferences() const {
  const std::lock_guard lock(mutex_);
  return found_;
}

/// A change is told once. What comes and goes within a minute is told once, too.
void PathWatch::judge(Instant now) {
  std::vector<Interference> found = judge_paths(paths_);
  for (const InterferenceKind kind : all_interference_kinds) {
    const bool was = has(found_, kind), is = has(found, kind);
    if (was == is || !said_[static_cast<std::size_t>(kind)].pass(now)) continue;
    if (is)
      log::warn("this network interferes ({}): {}", to_string(kind),
                std::ranges::find(found, kind, &Interference::kind)->words);
    else
      log::info("this network does not interfere any more ({})", to_string(kind));
  }
  found_ = std::move(found);
}

}  // namespace tacet
