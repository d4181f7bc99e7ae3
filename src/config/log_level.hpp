#pragma once
#include "base/log.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// The log's own level for a configured one.
inline log::Level level_of(LogLevel level) {
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

}  // namespace tacet
