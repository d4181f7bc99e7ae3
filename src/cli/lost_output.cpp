#include "cli/lost_output.hpp"

#include <poll.h>
#include <unistd.h>

#include <iostream>

namespace tacet {
namespace {

bool reader_has_left() {
  pollfd output{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return ::poll(&output, 1, 0) > 0 && (output.revents & POLLERR) != 0;
}

}  // namespace

bool output_is_lost() {
  std::cout.flush();
  if (std::cout || reader_has_left()) return false;
  std::cerr << "tacet: the output cannot be written, and is not complete: is the disk full?\n";
  return true;
}

}  // namespace tacet
