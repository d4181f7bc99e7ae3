#pragma once
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "privacy/exposure.hpp"
#include "tacet/config.hpp"
#include "tacet/instant.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// True if the server's certificate can be read on the path: before TLS 1.3 it is sent in clear (RFC 8446 §1.2).
inline bool shows_certificate(const ConnectionFacts& facts) { return facts.tls_version == "TLSv1.2"; }

/// Logs what others can still see: of our connections once per endpoint and kind, and again after a day; of names every
/// hour, in numbers. Shared by all workers.
class ExposureLog {
public:
  static constexpr Duration repeated = std::chrono::hours(24);
  static constexpr Duration summary_period = std::chrono::hours(1);

  explicit ExposureLog(const ExposureConfig& config, Instant started) : config_(config), last_summary_(started) {}

  /// Uses this configuration from now on. Call it on the thread that calls summarise().
  void use(const ExposureConfig& config) { config_ = config; }

  /// A connection to `upstream` was made.
  void established(const UpstreamConfig& upstream, const ConnectionFacts& facts, Instant now);

  /// True once per summary_period; then call summarise().
  bool summary_due(Instant now);
  /// Logs a summary of the names that clients resolved since the last one; nothing if there were none. With `log_names`
  /// it also lists each of their registrable domains, once a day. Warns of upstreams that do not pad.
  void summarise(const Exposure& exposure, Instant now);

private:
  bool due(const std::string& subject, const std::string& kind, Instant now);
  void warn_of_sizes(const EndpointExposure& endpoint, Instant now);

  std::mutex mutex_;
  ExposureConfig config_;
  Instant last_summary_;
  Instant summarised_since_{};
  std::map<std::pair<std::string, std::string>, Instant> said_;
};

/// "214 names; 12 offer ECH, 31 do not…": one line about names in these states; empty if there are none.
std::string summary_of(const StateCounts& states);

}  // namespace tacet
