#include "daemon/validation_rules.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <utility>
#include <vector>

#include "base/descriptor.hpp"
#include "base/file_text.hpp"
#include "base/log.hpp"

namespace tacet {
namespace {

constexpr std::size_t most_octets = std::size_t{1} << 20;

WallTime modified_at(const Descriptor& file) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return {};
  return WallTime(std::chrono::seconds(status.st_mtime));
}

Result<std::vector<TrustAnchor>> anchors_in(const std::string& path, const OpenFile& open, ValidationRules& rules) {
  const Descriptor file(open(path));
  const auto text = file ? text_of(file.get(), most_octets) : std::nullopt;
  if (!text)
    return fail(Fault::invalid_config, fmt::format("dnssec.trust_anchors: {}: {}", path, reading_fault(errno)));
  auto anchors = read_trust_anchors(*text);
  if (!anchors)
    return fail(Fault::invalid_config, fmt::format("dnssec.trust_anchors: {}: {}", path, anchors.error().detail));
  rules.files.push_back({path, modified_at(file)});
  return anchors;
}

/// The root's keys of the system; none if it has no such file.
std::vector<TrustAnchor> anchors_of_system(const OpenFile& open, ValidationRules& rules) {
  const Descriptor file(open(root_anchor_file));
  if (!file) return {};
  auto text = text_of(file.get(), most_octets);
  auto anchors = text ? read_trust_anchors(*text) : fail(Fault::system, reading_fault(errno));
  if (anchors) {
    rules.files.push_back({root_anchor_file, modified_at(file)});
    return *std::move(anchors);
  }
  log::warn("{} is of no use ({}): the built-in keys of the root stay in use", root_anchor_file,
            anchors.error().detail);
  return {};
}

/// Names that the tree signed by the root does not have, or that the local network may answer (RFC 8880).
std::vector<ExemptZone> exempt_zones(const Config& config) {
  std::vector<ExemptZone> zones;
  const auto add = [&](const std::string& name, WallTime until = WallTime::max()) {
    zones.push_back({Name::from_text(name).value(), until});
  };
  for (const ForwardZone& zone : config.forward) add(zone.zone);
  for (const IgnoredZone& ignored : config.dnssec.ignore) add(ignored.zone, ignored.until + std::chrono::days(1));
  for (const char* special : {"ipv4only.arpa", "home.arpa", "internal", "local", "localhost", "test", "invalid"})
    add(special);
  return zones;
}

}  // namespace

Result<std::shared_ptr<const ValidationRules>> make_validation_rules(const Config& config, const OpenFile& open) {
  auto rules = std::make_shared<ValidationRules>();
  rules->mode = config.dnssec.mode;
  if (rules->mode == DnssecMode::off) return rules;
  std::vector<TrustAnchor> given;
  for (const std::string& anchor : config.dnssec.trust_anchors) {
    auto read = anchor.starts_with('/') ? anchors_in(anchor, open, *rules) : read_trust_anchors(anchor);
    if (!read) return fail(std::move(read.error()));
    std::ranges::move(*read, std::back_inserter(given));
  }
  const auto is_of_root = [](const TrustAnchor& anchor) { return anchor.owner.is_root(); };
  if (std::ranges::none_of(given, is_of_root))
    std::ranges::move(anchors_of_system(open, *rules), std::back_inserter(given));
  rules->anchors = with_root_anchors(std::move(given));
  rules->exempt = exempt_zones(config);
  return rules;
}

}  // namespace tacet
