#pragma once
#include <expected>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "tacet/config.hpp"
#include "tacet/open_file.hpp"

namespace tacet {

/// The options that several verbs share, as typed. A missing option leaves the file's (or the default) setting.
struct CommandLine {
  std::string file;                    ///< --config
  std::vector<std::string> listen;     ///< --listen, replaces the file's list
  std::vector<std::string> upstreams;  ///< --upstream, replaces the file's list
  std::vector<std::string> bootstrap;  ///< --bootstrap, replaces the file's list
  std::optional<unsigned> workers;     ///< --workers
  std::string log_level;               ///< --log-level
  std::optional<std::string> socket;   ///< --socket
  std::optional<std::string> proxy;    ///< --proxy, replaces that of every upstream
  std::optional<std::string> via;      ///< --via, replaces that of every upstream
};

/// The configuration of file and options together, or the faults, one a line. An upstream is URL or
/// URL@ADDRESS[,ADDRESS…]; a URL of the file keeps its settings of the file. `open` opens the file, if there is one.
std::expected<Config, std::vector<std::string>> read_config(const CommandLine& given, const OpenFile& open = {});

/// read_config(); on a fault writes it to `err` and returns nothing.
std::optional<Config> make_config(const CommandLine& given, std::ostream& err);

}  // namespace tacet
