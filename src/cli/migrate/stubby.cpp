#include <fmt/format.h>

#include <array>

#include "cli/migrate/foreign_program.hpp"
#include "cli/migrate/foreign_tree.hpp"
#include "config/scalar.hpp"

namespace tacet {
namespace {

constexpr auto unmapped = std::to_array<UnmappedSetting>({
    {"resolution_type listen_addresses upstream_recursive_servers dns_transport_list tls_authentication "
     "tls_ca_file edns_client_subnet_private",
     ""},
    {"tls_query_padding_blocksize", "tacet pads queries by itself"},
    {"round_robin_upstreams", first_works},
    {"idle_timeout", "tacet keeps connections by itself, as long as servers do"},
    {"timeout", "tacet chooses by what it measures"},
    {"tls_backoff_time tls_connection_retries", "tacet tries a failing server again by itself"},
    {"limit_outstanding_queries", "one connection carries all queries at once; see `limits`"},
    {"tls_ca_path", "tacet takes a file (`ca_file`), or the system's authorities"},
    {"tls_cipher_list tls_ciphersuites tls_curves_list tls_min_version tls_max_version", own_tls},
    {"dnssec dnssec_return_status", validates},
    {"dnssec_trust_anchors", "see `dnssec.trust_anchors`; the keys of the root are built in"},
    {"trust_anchors_backoff_time", "tacet fetches no trust anchors"},
    {"appdata_dir", "tacet keeps no trust anchors on disk"},
    {"log_level", "stubby's levels are its own; see `log.level`"},
});

/// 127.0.0.1@5353.
void read_listen(const ForeignSetting& setting, Migration& to) {
  const std::string_view text = setting.value;
  const auto at = text.find('@');
  to.listen(setting, text.substr(0, at), at == std::string_view::npos ? "53" : text.substr(at + 1));
}

std::string in_url(const std::string& address) {
  return address.find(':') == std::string::npos ? address : fmt::format("[{}]", address);
}

void read_server(const Node& server, Migration& to) {
  const ForeignSetting setting{server.at.line, "upstream_recursive_servers", text_under(server, "address_data")};
  const auto address = setting.value.substr(0, setting.value.find('@'));
  const auto name = text_under(server, "tls_auth_name");
  const auto port = text_under(server, "tls_port");
  if (address.empty()) return to.note(setting, "left out: a server without address_data");
  if (server.find("tls_pubkey_pinset")) {
    if (name.empty())
      return to.note(setting, fmt::format("{} left out: it is known by its key only (tls_pubkey_pinset); tacet checks "
                                          "the certificate's name, which is tls_auth_name",
                                          quotation(address)));
    to.note(setting,
            fmt::format("the pinned key of {} is left out: tacet checks the certificate's name by the system's "
                        "authorities",
                        quotation(address)));
  }
  to.upstream(setting, fmt::format("tls://{}{}", name.empty() ? in_url(address) : name, port.empty() ? "" : ":" + port),
              {address});
}

void read_transports(const ForeignMember& member, Migration& to) {
  for (const auto& item : member.items())
    if (item.value != "GETDNS_TRANSPORT_TLS")
      to.note(item, fmt::format("{} left out: it sends every name in plaintext; tacet asks by TLS only", item.value));
}

void read_member(const ForeignMember& member, Migration& to) {
  const auto& [line, name, value] = member.setting;
  if (name == "listen_addresses")
    for (const auto& item : member.items()) read_listen(item, to);
  else if (name == "upstream_recursive_servers")
    for (const Node& server : member.node.children) read_server(server, to);
  else if (name == "dns_transport_list")
    read_transports(member, to);
  else if (name == "tls_authentication" && value != "GETDNS_AUTHENTICATION_REQUIRED")
    to.note(member.setting, "left out: tacet always checks the server's certificate");
  else if (name == "edns_client_subnet_private" && value == "0")
    to.note(member.setting, "left out: tacet never tells a server the clients' network");
  else
    to.leave_out(member.setting, unmapped);
}

}  // namespace

Result<void> read_stubby(const std::string&, std::string_view text, Migration& to) {
  const auto document = parse_document(text);
  if (!document) return fail(Fault::invalid_config, document.error().text);
  if (text_under(*document, "resolution_type") == "GETDNS_RESOLUTION_RECURSING")
    return fail(Fault::invalid_config,
                "resolution_type: this stubby asks the root and the zones' servers itself, in "
                "plaintext; tacet asks an encrypted upstream. There is nothing to migrate");
  if (!document->find("upstream_recursive_servers"))
    return fail(Fault::invalid_config, "no upstream_recursive_servers in it: it is no stubby.yml");
  for (const auto& member : members_of(*document)) read_member(member, to);
  const auto bundle = text_under(*document, "tls_ca_file");
  for (auto& upstream : to.config().upstreams) upstream.ca_file = bundle;
  return {};
}

}  // namespace tacet
