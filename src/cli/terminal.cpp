#include "cli/terminal.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace tacet {
namespace {

std::string_view environment(const char* name) {
  const char* const text = std::getenv(name);
  return text == nullptr ? "" : text;
}

}  // namespace

bool moves_cursor(int descriptor) { return ::isatty(descriptor) == 1 && environment("TERM") != "dumb"; }

bool shows_colours(int descriptor) { return moves_cursor(descriptor) && environment("NO_COLOR").empty(); }

}  // namespace tacet
