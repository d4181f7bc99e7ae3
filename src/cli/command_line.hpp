#pragma once
#include <expected>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "tacet/config.hpp"
#include "tacet/open_file.hpp"

namespace tacet {

/// The options that several verbs share, as they were typed. What is not given leaves the file's (or the default)
/// setting as it is.
struct CommandLine {
  std::string file;                    ///< --config
  std::vector<std::string> listen;     ///< --listen, replaces the file's list
  std::vector<std::string> upstreams;  ///< --upstream, replaces the file's list
  std::vector<std::string> bootstrap;  ///< --bootstrap, replaces the file's list
  std::optional<unsigned> workers;     ///< --workers
  std::string log_level;               ///< --log-level
  std::optional<std::string> socket;   ///< --socket
};

/// The configuration that file and options make together, or what is wrong, one fault a line. An upstream is URL or
/// URL@ADDRESS[,ADDRESS…]; a URL that the file names as well keeps what the file says of it. `open` opens the file, if
/// it is given.
std::expected<Config, std::vector<std::string>> read_config(const CommandLine& given, const OpenFile& open = {});

/// read_config(); nothing after writing what is wrong to `err`.
std::optional<Config> make_config(const CommandLine& given, std::ostream& err);

}  // namespace tacet
