#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/migrate/migration.hpp"

namespace tacet {

/// A program that other people's machines resolve with, and the way from its settings to ours.
struct ForeignProgram {
  std::string_view name;         ///< as --from has it
  std::string_view usual_files;  ///< for people
  /// Reads the text of a file. `path` is for files that it names beside itself. Fault::invalid_config if it is no file
  /// of this program's.
  Result<void> (*read_file)(const std::string& path, std::string_view text, Migration& to);
  /// Reads a command line behind the program's name; null if the program has no such settings.
  Result<void> (*read_flags)(const std::vector<std::string>& words, Migration& to) = nullptr;
};

/// Every program that --from takes.
std::span<const ForeignProgram> foreign_programs();

/// config.yml, a description of containers (the one that runs `proxy-dns`, with the port at which the machine answers
/// for it), a systemd unit, or /etc/default/cloudflared (CLOUDFLARED_OPTS=, or the variables TUNNEL_DNS_…).
Result<void> read_cloudflared(const std::string& path, std::string_view text, Migration& to);
Result<void> read_cloudflared_flags(const std::vector<std::string>& words, Migration& to);
Result<void> read_dnscrypt_proxy(const std::string& path, std::string_view text, Migration& to);
Result<void> read_stubby(const std::string& path, std::string_view text, Migration& to);
Result<void> read_https_dns_proxy(const std::string& path, std::string_view text, Migration& to);
Result<void> read_https_dns_proxy_flags(const std::vector<std::string>& words, Migration& to);
Result<void> read_smartdns(const std::string& path, std::string_view text, Migration& to);
Result<void> read_dnsproxy(const std::string& path, std::string_view text, Migration& to);
Result<void> read_dnsproxy_flags(const std::vector<std::string>& words, Migration& to);
Result<void> read_unbound(const std::string& path, std::string_view text, Migration& to);

/// The text of a file of at most 1 MiB. Fault::invalid_config with the reason.
Result<std::string> foreign_text(const std::string& path);

/// The words behind a program's name, which may have a path and a version; nothing if the words do not name it.
std::optional<std::vector<std::string>> words_behind(const std::vector<std::string>& words,
                                                     std::span<const std::string_view> program_names);

/// The words behind a program's name in a systemd unit or in the one container of a compose file that runs it; nothing
/// if the text is neither. Fault::invalid_config if it is one, but does not run the program, or several containers do.
Result<std::vector<std::string>> command_in(std::string_view text, std::span<const std::string_view> program_names);

/// True for a systemd unit or a description of containers.
bool describes_a_service(std::string_view text);

}  // namespace tacet
