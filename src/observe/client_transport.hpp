#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tacet {

/// How a client asks us. The last two are encrypted.
enum class ClientTransport : std::uint8_t { udp, tcp, tls, https };
inline constexpr std::size_t client_transport_count = 4;

/// "udp", "tcp", "tls", "https".
constexpr std::string_view to_string(ClientTransport transport) {
  constexpr std::string_view words[client_transport_count]{"udp", "tcp", "tls", "https"};
  return words[static_cast<std::size_t>(transport)];
}

constexpr bool is_encrypted(ClientTransport transport) { return transport >= ClientTransport::tls; }

}  // namespace tacet
