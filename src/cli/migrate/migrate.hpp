#pragma once
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "tacet/result.hpp"

namespace tacet {

/// The configuration that does what another program did, and what was said on the way.
struct MigratedConfig {
  std::string yaml;                ///< `tacet check` accepts it
  std::vector<std::string> notes;  ///< a line for each setting with a different counterpart or none
};

/// Translates the settings of `program` (as --from has it): a file's name, or the program's flags.
/// Fault::invalid_config with all reasons if no configuration can be written.
Result<MigratedConfig> migrated(const std::string& program, const std::vector<std::string>& words);

/// The same for the text of a file at `path`, whose neighbours the text may name.
Result<MigratedConfig> migrated_text(const std::string& program, const std::string& path, std::string_view text);

/// The names that --from takes.
std::vector<std::string> migration_sources();

/// `tacet migrate --from PROGRAM FILE|FLAGS…`: writes an equal configuration to `out` and the notes to `err`. Returns
/// the exit code: 0, or 1 with the reason on `err`.
int run_migrate(const std::string& program, const std::vector<std::string>& words, std::ostream& out,
                std::ostream& err);

}  // namespace tacet
