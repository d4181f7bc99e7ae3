#include "daemon/server_certificates.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace tacet {

ServerCertificates::ServerCertificates(const Config& config, const ServerCertificates& former) : open_(former.open_) {
  for (const auto& [transport, section] :
       {std::pair(ClientTransport::tls, &config.tls), {ClientTransport::https, &config.https}})
    if (!section->listen.empty()) servers_.emplace_back(transport, load(*section, transport, former));
}

ServerCertificates::Loaded ServerCertificates::load(const TlsListenConfig& config, ClientTransport transport,
                                                    const ServerCertificates& former) const {
  CertificateFiles files{config.certificate, config.key};
  if (auto known = former.of(transport); known && known->files() == files) return known;
  const auto protocol = transport == ClientTransport::tls ? ServedProtocol::dns : ServedProtocol::http;
  return TlsServer::load(std::move(files), protocol, open_);
}

Result<void> ServerCertificates::check() const {
  for (const auto& [transport, server] : servers_)
    if (!server) return fail(server.error());
  return {};
}

std::shared_ptr<TlsServer> ServerCertificates::of(ClientTransport transport) const {
  const auto found = std::ranges::find(servers_, transport, [](const auto& entry) { return entry.first; });
  return found != servers_.end() ? found->second.value_or(nullptr) : nullptr;
}

void ServerCertificates::refresh(Instant now) const {
  for (const auto& [transport, server] : servers_) {
    if (!server) continue;
    (*server)->refresh();
    (*server)->turn_ticket_keys(now);
  }
}

std::vector<CertificateReport> ServerCertificates::reports(WallTime now) const {
  std::vector<CertificateReport> reports;
  for (const auto& [transport, server] : servers_) {
    if (!server) continue;
    const auto [not_before, not_after] = (*server)->term();
    reports.push_back({to_string(transport), (*server)->files().certificate, not_before, not_after, now});
  }
  return reports;
}

std::vector<std::string> ServerCertificates::files() const {
  std::vector<std::string> files;
  for (const auto& [transport, server] : servers_)
    if (server) files.insert(files.end(), {(*server)->files().certificate, (*server)->files().key});
  return files;
}

void ExpiryLog::look(const std::vector<CertificateReport>& certificates, Instant now) {
  for (const CertificateReport& certificate : certificates) {
    const auto warning = expiry_warning(certificate);
    if (warning.empty()) {
      last_.erase(certificate.file);
      continue;
    }
    const auto [last, is_first] = last_.try_emplace(certificate.file, now);
    if (!is_first && now - last->second < std::chrono::days(1)) continue;
    last->second = now;
    log::warn("{}", warning);
  }
}

}  // namespace tacet
