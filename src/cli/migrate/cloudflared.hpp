#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tacet/result.hpp"

namespace tacet {

/// One setting of `cloudflared proxy-dns` in any notation: {"upstream", "https://1.1.1.1/dns-query"}. The name is the
/// flag's, without dashes and without the prefix "proxy-dns-".
struct CloudflaredSetting {
  std::string name;
  std::string value;
  friend bool operator==(const CloudflaredSetting&, const CloudflaredSetting&) = default;
};

using CloudflaredSettings = std::vector<CloudflaredSetting>;

/// The settings in a command line: "--port", "5053", "--upstream=https://1.1.1.1/dns-query". The program's name and its
/// verbs may stand before the flags. Fault::invalid_config for a word that is no flag, or a flag without its value.
Result<CloudflaredSettings> read_cloudflared_flags(const std::vector<std::string>& words);

/// The settings in a file: config.yml, a compose file or another description of containers (the one that runs
/// `proxy-dns`, with the port at which the machine answers for it), a systemd unit (ExecStart=), or
/// /etc/default/cloudflared (CLOUDFLARED_OPTS=, or the environment variables TUNNEL_DNS_…). Fault::invalid_config if no
/// setting is the resolver's: the file may belong to another program.
Result<CloudflaredSettings> read_cloudflared_file(std::string_view text);

}  // namespace tacet
