#include "transport/http/http.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <string_view>

namespace tacet {

HttpLibrary::HttpLibrary() { curl_global_init(CURL_GLOBAL_DEFAULT); }
HttpLibrary::~HttpLibrary() { curl_global_cleanup(); }

HttpFeatures http_features() {
  const curl_version_info_data& info = *curl_version_info(CURLVERSION_NOW);
  HttpFeatures features;
  features.version = fmt::format("libcurl {} ({}", info.version, info.ssl_version ? info.ssl_version : "no TLS");
  if (info.age >= CURLVERSION_SEVENTH && info.nghttp2_version)
    features.version += fmt::format(", nghttp2/{}", info.nghttp2_version);
  features.version += ")";
  features.http2 = (info.features & CURL_VERSION_HTTP2) != 0;
  features.http3 = (info.features & CURL_VERSION_HTTP3) != 0;
  if (info.age >= CURLVERSION_ELEVENTH && info.feature_names != nullptr) {
    for (const char* const* name = info.feature_names; *name != nullptr; ++name)
      features.ech = features.ech || std::string_view(*name) == "ECH";
  }
  return features;
}

std::string http_library_version() { return http_features().version; }

HttpTarget http_target(const UpstreamConfig& upstream, const DialTarget& address) {
  // The zone of an address concerns this machine alone (RFC 6874 §3), and the socket is already connected.
  const std::string name = upstream.host.substr(0, upstream.host.find('%'));
  const std::string host = name.contains(':') ? "[" + name + "]" : name;
  return {.origin = fmt::format("https://{}:{}", host, upstream.port),
          .path = upstream.path,
          .host = upstream.host,
          .port = upstream.port,
          .address = address,
          .host_is_address = upstream.host_is_address};
}

std::string HttpTarget::path_of_get() const {
  return fmt::format("{}{}dns=", path, path.find('?') == std::string::npos ? '?' : '&');
}

std::string HttpTarget::resolution() const {
  // The socket is connected already, so libcurl may take any address for a name that a proxy looked up.
  const IpAddress ip = address.ip() != nullptr ? address.ip()->without_interface() : IpAddress("192.0.2.1");
  return fmt::format(fmt::runtime(ip.is_v6() ? "{}:{}:[{}]" : "{}:{}:{}"), host, port, ip.to_string());
}

}  // namespace tacet
