#pragma once
#include <expected>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "tacet/config.hpp"
#include "tacet/open_file.hpp"

namespace tacet {

/// The file that the packaged service reads.
inline constexpr auto service_config_file = "/etc/tacet/tacet.yaml";

/// The options that several verbs share, as typed. A missing option leaves the file's (or the default) setting.
struct CommandLine {
  std::string file;                    ///< --config; empty: service_config_file, if it is there
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

/// The same with a file: without --config that is service_config_file, if it is there, and `err` is told so. A file
/// that is there and cannot be read stays named: reading it is a fault, and nobody gets other settings than his own.
CommandLine with_file(CommandLine given, std::ostream& err);

/// The control socket of the running tacet: --socket, else the configuration's. Nothing after a fault of the file that
/// --config names. A fault of another file is told to `err`, and leaves the default socket: tacet may well run.
std::optional<std::string> control_socket(const CommandLine& given, std::ostream& err);

/// read_config(); on a fault writes it to `err` and returns nothing.
std::optional<Config> make_config(const CommandLine& given, std::ostream& err);

}  // namespace tacet
