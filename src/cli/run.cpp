#include "cli/run.hpp"

#include <ostream>

#include "base/log.hpp"
#include "tacet/server.hpp"
#include "transport/http.hpp"

namespace tacet {
namespace {

log::Level level_of(LogLevel level) {
  switch (level) {
    case LogLevel::error:
      return log::Level::error;
    case LogLevel::warn:
      return log::Level::warn;
    case LogLevel::info:
      return log::Level::info;
    case LogLevel::debug:
      break;
  }
  return log::Level::debug;
}

}  // namespace

int run_server(const CommandLine& given, std::ostream& err) {
  const auto config = make_config(given, err);
  if (!config) return 1;
  log::start(level_of(config->log.level));
  const HttpLibrary http;
  const auto server = Server::create(*config);
  if (!server) {
    err << "tacet: " << server.error().detail << '\n';
    return 1;
  }
  if (const auto served = (*server)->run(); !served) {
    err << "tacet: " << served.error().detail << '\n';
    return 1;
  }
  return 0;
}

}  // namespace tacet
