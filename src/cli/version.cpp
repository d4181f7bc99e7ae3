#include <fmt/format.h>

#include <CLI/Version.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/log.hpp"
#include "base/loop.hpp"
#include "cli/verbs.hpp"
#include "config/load.hpp"
#include "config/url.hpp"
#include "dns/ldns.hpp"
#include "privacy/public_suffix.hpp"
#include "system/confinement.hpp"
#include "transport/dial/bootstrap.hpp"
#include "transport/http/http.hpp"
#include "transport/tls/tls.hpp"

namespace tacet {
namespace {

constexpr bool on_linux = std::string_view(TACET_SYSTEM) == "Linux";

std::string_view yes_or_no(bool yes) { return yes ? "yes" : "no"; }

std::string json_library_version() {
  return fmt::format("nlohmann-json {}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                     NLOHMANN_JSON_VERSION_PATCH);
}

std::string libraries(const HttpFeatures& http) {
  const std::string confinement = confinement_library_version();
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}{}CLI11 {}\n", http.version, tls_library_version(),
                     bootstrap_library_version(), presentation_library_version(), config_library_version(),
                     public_suffix_library_version(), loop_library_version(), log::library_versions(),
                     json_library_version(), confinement, confinement.empty() ? "" : "\n", CLI11_VERSION);
}

std::string features(const HttpFeatures& http) {
  std::string text;
  const auto add = [&text](std::string_view name, bool there) {
    text += fmt::format("  {:<42}{}\n", name, yes_or_no(there));
  };
  add("DNS over TLS", true);
  add("DNS over HTTPS (HTTP/2)", http.http2);
  add("DNS over QUIC", quic_is_built_in());
  add("HTTP/3 in the HTTP library", http.http3);
  add("encrypted ClientHello (ECH) to upstreams", http.ech && tls_has_ech());
  add("post-quantum key exchange with upstreams", tls_has_post_quantum());
  add("datagrams in bursts (recvmmsg)", on_linux);
  add("network changes noticed at once (netlink)", on_linux);
  return text;
}

}  // namespace

std::string version_text() {
  const HttpFeatures http = http_features();
  return fmt::format("tacet {}\n\n{}\nFeatures of this build:\n{}", TACET_VERSION, libraries(http), features(http));
}

}  // namespace tacet
