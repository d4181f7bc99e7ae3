#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/migrate/migrate.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// A service of this machine that resolves for others, by a program whose settings `migrate` knows.
struct OldResolver {
  std::string program;             ///< as --from has it
  std::vector<std::string> units;  ///< its service, and its socket unit if it has one
};

/// The running services of such programs; with `unit`, that service only, running or not. unbound counts only if it is
/// named: it usually resolves by itself. Fault::system without systemd.
Result<std::vector<OldResolver>> old_resolvers(const std::string& unit);

/// The configuration that does what the service did: from its unit, the files that its command names, or the program's
/// usual file. The addresses of its socket unit replace those of the file.
Result<MigratedConfig> migrated_service(const OldResolver& resolver);

/// The `tacet migrate` command for a program that was started with these words; empty if it is none that tacet knows.
std::string migrate_command(const std::vector<std::string>& words);

/// The configuration for the one container of a compose file that runs such a program. Fault::invalid_config if there
/// is none.
Result<MigratedConfig> migrated_containers(const std::string& path);

}  // namespace tacet
