#include "observe/interference.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tacet {
namespace {

using Paths = std::map<std::string, UpstreamPath>;

bool some_path(const Paths& paths, auto&& has) {
  return std::ranges::any_of(paths, [&](const auto& each) { return has(each.second); });
}

std::optional<Interference> judge_certificates(const Paths& paths) {
  const auto is_known = [](const UpstreamPath& path) { return path.works || path.fault; };
  const auto untrusted = std::ranges::find_if(paths, [](const auto& each) { return each.second.is_untrusted(); });
  if (untrusted == paths.end()) return std::nullopt;
  const auto others = std::ranges::count_if(paths, [&](const auto& each) { return is_known(each.second); }) - 1;
  const bool all =
      others > 0 && !some_path(paths, [&](const auto& path) { return is_known(path) && !path.is_untrusted(); });
  if (all)
    return Interference{InterferenceKind::portal,
                        fmt::format("no upstream has a valid certificate here: a page that wants a login, or this "
                                    "machine's clock ({})",
                                    untrusted->second.words)};
  return Interference{InterferenceKind::tls,
                      fmt::format("somebody without a valid certificate answers in the place of {} ({})",
                                  untrusted->first, untrusted->second.words)};
}

/// A silent upstream alone may be down. Its operator answers at another port, or other operators are silent at this
/// port as well: then it is the port.
bool is_blocked(const UpstreamPath& silent, const Paths& paths) {
  const auto works_elsewhere = [&](const UpstreamPath& other) { return other.works && other.port != silent.port; };
  const auto works_here = [&](const UpstreamPath& other) { return other.works && other.port == silent.port; };
  const auto same_operator = [&](const UpstreamPath& other) {
    return works_elsewhere(other) && other.operator_name == silent.operator_name;
  };
  const auto another_is_silent = [&](const UpstreamPath& other) {
    return other.is_silent() && other.port == silent.port && other.operator_name != silent.operator_name;
  };
  if (some_path(paths, works_here)) return false;
  return some_path(paths, same_operator) || (some_path(paths, another_is_silent) && some_path(paths, works_elsewhere));
}

std::optional<Interference> judge_ports(const Paths& paths) {
  for (const auto& [url, path] : paths)
    if (path.is_silent() && is_blocked(path, paths))
      return Interference{InterferenceKind::port,
                          fmt::format("port {} is blocked: {} does not answer there ({})", path.port, url, path.words)};
  return std::nullopt;
}

std::optional<Interference> judge_ipv6(const Paths& paths) {
  const auto lost = std::ranges::find_if(paths, [](const auto& each) { return each.second.has_lost_ipv6; });
  if (lost == paths.end()) return std::nullopt;
  return Interference{InterferenceKind::ipv6,
                      fmt::format("IPv6 has a route and leads nowhere: {} answers by IPv4 only", lost->first)};
}

}  // namespace

std::string_view to_string(InterferenceKind kind) {
  static constexpr std::array<std::string_view, 4> words{"tls", "portal", "port", "ipv6"};
  return words[static_cast<std::size_t>(kind)];
}

bool UpstreamPath::is_silent() const {
  constexpr int least_failures = 3;
  return !works && failures >= least_failures && (fault == Fault::timeout || fault == Fault::unreachable);
}

std::vector<Interference> judge_paths(const Paths& paths) {
  std::vector<Interference> found;
  for (auto judged : {judge_certificates(paths), judge_ports(paths), judge_ipv6(paths)})
    if (judged) found.push_back(*std::move(judged));
  return found;
}

}  // namespace tacet
