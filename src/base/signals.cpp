#include "base/signals.hpp"

#include <signal.h>

namespace tacet {

void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace tacet
