#include "privacy/exposure_log.hpp"

#include "base/log.hpp"

namespace tacet {

void ExposureLog::established(const std::string& upstream, const std::string& path, const ConnectionFacts& facts,
                              Instant now) {
  if (!due(upstream, facts.sni, now)) return;
  const std::string address = facts.address.substr(0, facts.address.rfind(':'));
  const bool dot = facts.transport == Transport::dot;
  if (facts.sni.empty()) {
    log::info(
        "upstream {}: no name is sent in the TLS handshake (no SNI); who sees the traffic sees only the address {}",
        upstream, facts.address);
    return;
  }
  log::warn(
      "upstream {}: its name {} is sent in clear (SNI, without ECH) to {}: everyone on the path can read which "
      "resolver "
      "you use. To send no name, address the upstream by IP ({}{}{}) if its certificate is valid for that, or set sni: "
      "omit",
      upstream, facts.sni, facts.address, dot ? "tls://" : "https://", address, dot ? "" : path);
}

bool ExposureLog::due(const std::string& upstream, const std::string& kind, Instant now) {
  const std::lock_guard lock(mutex_);
  const auto [said, first] = said_.try_emplace({upstream, kind}, now);
  if (!first && now - said->second < period) return false;
  said->second = now;
  return true;
}

}  // namespace tacet
