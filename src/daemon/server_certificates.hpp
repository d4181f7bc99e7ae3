#pragma once
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "observe/client_transport.hpp"
#include "report/certificate_report.hpp"
#include "tacet/config.hpp"
#include "tacet/instant.hpp"
#include "tacet/open_file.hpp"
#include "transport/tls/tls_server.hpp"

namespace tacet {

/// The certificates by which this configuration's encrypted listeners prove our identity, shared by all workers.
class ServerCertificates {
public:
  ServerCertificates() : ServerCertificates(OpenFile(open_file)) {}
  /// Makes an empty set; `open` will open the files.
  explicit ServerCertificates(OpenFile open) : open_(std::move(open)) {}
  /// Reads the files of every transport with addresses, except those that `former` has. Opens them as `former` does.
  explicit ServerCertificates(const Config& config, const ServerCertificates& former = {});

  /// Fault::invalid_config with what is wrong if a pair cannot be used.
  Result<void> check() const;
  /// Null if this transport is off.
  std::shared_ptr<TlsServer> of(ClientTransport transport) const;
  /// Reads changed files again, and turns the keys of the session tickets.
  void refresh(Instant now) const;
  /// What is to say about each certificate at this time of day.
  std::vector<CertificateReport> reports(WallTime now) const;
  /// The paths of all files.
  std::vector<std::string> files() const;

private:
  using Loaded = Result<std::shared_ptr<TlsServer>>;
  Loaded load(const TlsListenConfig& config, ClientTransport transport, const ServerCertificates& former) const;

  OpenFile open_;
  std::vector<std::pair<ClientTransport, Loaded>> servers_;
};

/// Logs the certificates of our listeners that end soon, each once a day.
class ExpiryLog {
public:
  /// Looks at these certificates now; call it often, such as once a minute.
  void look(const std::vector<CertificateReport>& certificates, Instant now);

private:
  std::map<std::string, Instant> last_;  // by file
};

}  // namespace tacet
