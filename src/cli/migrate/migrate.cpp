#include "cli/migrate/migrate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ostream>

#include "cli/migrate/foreign_program.hpp"
#include "cli/migrate/migration.hpp"
#include "cli/words.hpp"
#include "config/fault.hpp"
#include "config/print.hpp"
#include "config/yaml.hpp"

namespace tacet {
namespace {

bool is_file(const std::vector<std::string>& words) { return words.size() == 1 && !words.front().starts_with('-'); }

std::unexpected<Error> at(const std::string& path, const Error& error) {
  return fail(Fault::invalid_config, fmt::format("{}: {}", path, error.detail));
}

/// Fault::invalid_config for a program that --from does not take.
Result<ForeignProgram> foreign(const std::string& name) {
  const auto all = foreign_programs();
  const auto found = std::ranges::find(all, name, &ForeignProgram::name);
  if (found == all.end()) return fail(Fault::invalid_config, fmt::format("{} is no program that tacet reads", name));
  return *found;
}

/// The text as `tacet check` will read it. A refusal here is better than a daemon that does not start.
Result<MigratedConfig> as_yaml(const Result<void>& read, Migration& migration) {
  if (!read) return fail(read.error());
  const auto config = migration.finish();
  if (!config) return fail(config.error());
  MigratedConfig out{to_yaml(*config), migration.notes()};
  const auto checked = read_config(out.yaml, "migrated");
  if (checked) return out;
  std::vector<std::string> faults;
  for (const auto& fault : checked.error()) faults.push_back(to_string(fault));
  return fail(Fault::invalid_config, fmt::format("{}", fmt::join(faults, "\n")));
}

}  // namespace

std::vector<std::string> migration_sources() {
  std::vector<std::string> names;
  for (const ForeignProgram& program : foreign_programs()) names.emplace_back(program.name);
  return names;
}

Result<MigratedConfig> migrated_text(const std::string& name, const std::string& path, std::string_view text) {
  const auto program = foreign(name);
  if (!program) return fail(program.error());
  Migration migration;
  const auto read = program->read_file(path, text, migration);
  return read ? as_yaml(read, migration) : at(path, read.error());
}

Result<MigratedConfig> migrated(const std::string& name, const std::vector<std::string>& words) {
  if (is_file(words)) {
    const auto text = foreign_text(words.front());
    return text ? migrated_text(name, words.front(), *text) : fail(text.error());
  }
  const auto program = foreign(name);
  if (!program) return fail(program.error());
  if (!program->read_flags)
    return fail(Fault::invalid_config,
                fmt::format("{} has its settings in a file: give its name ({})", name, program->usual_files));
  Migration migration;
  return as_yaml(program->read_flags(words, migration), migration);
}

int run_migrate(const std::string& program, const std::vector<std::string>& words, std::ostream& out,
                std::ostream& err) {
  const auto done = migrated(program, words);
  if (!done) return complain(err, done.error());
  for (const auto& note : done->notes) err << note << '\n';
  out << done->yaml;
  return 0;
}

}  // namespace tacet
