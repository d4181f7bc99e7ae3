#pragma once
#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>

#include "tacet/instant.hpp"

namespace tacet {

/// The keys that seal the session tickets of a server (RFC 5077 §4): the present one, and the one before it. Any
/// thread.
class TlsTicketKeys {
public:
  /// A key makes tickets for so long, and is accepted for twice as long.
  static constexpr Duration lifetime = std::chrono::hours(6);

  TlsTicketKeys();
  ~TlsTicketKeys();
  TlsTicketKeys(const TlsTicketKeys&) = delete;
  TlsTicketKeys& operator=(const TlsTicketKeys&) = delete;

  /// Makes a new key if the present one has made tickets for `lifetime`.
  void turn(Instant now);
  /// Makes new keys: no ticket until now is accepted any longer.
  void forget();
  /// Makes the tickets of this context. The keys must outlive it and its connections.
  void use_in(SSL_CTX* context);

private:
  struct Key {
    std::array<std::uint8_t, 16> name{};
    std::array<std::uint8_t, 32> cipher{};
    std::array<std::uint8_t, 32> mac{};
    bool usable = false;
  };
  static Key make();
  static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                       int sealing);
  int seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);
  int open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);

  std::mutex mutex_;
  Key present_, former_;
  std::optional<Instant> began_;  // when the present one began to make tickets
};

}  // namespace tacet
