#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace tacet {

/// What Cloudflare's servers say of a connection at /cdn-cgi/trace. An empty text: it does not say.
struct Trace {
  std::string site;          ///< colo: "FRA"
  std::string place;         ///< loc: the country of the asker's address, "DE"
  std::string address;       ///< ip: of the asker, as the server sees it
  std::string tls;           ///< "TLSv1.3"
  std::string key_exchange;  ///< kex: "X25519"
  std::string sni;           ///< "plaintext", "encrypted", "off"
  std::string http;          ///< "http/2"
  std::string warp;          ///< "off", "on", "plus"
  std::string gateway;       ///< "off", "on"
};

/// Reads the lines "key=value", whatever their order. Unknown keys are left out. Nothing if it is no such text.
std::optional<Trace> read_trace(std::string_view text);

/// "FRA, sees 203.0.113.7 (DE), TLSv1.3 with X25519, SNI plaintext".
std::string to_string(const Trace& trace);

}  // namespace tacet
