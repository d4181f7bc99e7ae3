#pragma once
#include <memory>
#include <string>

#include "base/descriptor.hpp"
#include "tacet/instant.hpp"
#include "tacet/ip_address.hpp"
#include "tacet/open_file.hpp"
#include "tacet/result.hpp"
#include "transport/byte_stream.hpp"

namespace tacet {

/// The PEM files that prove a server's identity.
struct CertificateFiles {
  std::string certificate;  ///< the server's, then those that lead to its authority
  std::string key;          ///< the private key, without a passphrase
  friend bool operator==(const CertificateFiles&, const CertificateFiles&) = default;
};

/// The lifetime of a certificate.
struct CertificateTerm {
  WallTime not_before{}, not_after{};
};

/// What the server speaks inside TLS (ALPN, RFC 7301).
enum class ServedProtocol : std::uint8_t {
  dns,   ///< "dot" (RFC 7858)
  http,  ///< "h2", else "http/1.1"
};

/// The server side of TLS 1.2 and 1.3 for one kind of listener: certificate, key, and the keys of its session tickets.
/// All workers share it; safe to use from several threads.
class TlsServer {
public:
  struct State;

  /// Reads the files, which `open` opens, this time and later. Fault::invalid_config with the path of the file that
  /// cannot be read or used, and if the key does not fit the certificate.
  static Result<std::shared_ptr<TlsServer>> load(CertificateFiles files, ServedProtocol protocol,
                                                 OpenFile open = open_file);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  const CertificateFiles& files() const;
  /// Reads the files again if one has changed. If the new pair cannot be used, logs that and keeps the former one.
  /// Later connections use the new pair, and no session of the former one is resumed.
  void refresh();
  /// Makes a new key for session tickets if the present one is old enough; the one before it is still accepted. Call it
  /// often enough, such as once a minute.
  void turn_ticket_keys(Instant now);
  /// From when and until when the certificate is valid.
  CertificateTerm term() const;

  /// Whether the certificate proves this IP address, in presentation form, by its own subjectAltName.
  bool holds_address(const IpAddress& address) const;
  /// The first DNS name that the certificate proves and that is no wildcard; empty if there is none.
  std::string first_name() const;

  /// The server side of a connection; its first reads make the handshake. `socket` must not block. std::bad_alloc.
  std::unique_ptr<ByteStream> accept(Descriptor socket) const;

private:
  explicit TlsServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tacet
