#pragma once
#include <utility>

#include "base/log.hpp"

namespace tacet {

/// What `work` returns; `otherwise` if an exception left it (no memory). For functions that a C library calls: an
/// exception that passed through C would leave the library's work half done. `otherwise` is to tell it so.
template <class Outcome, class Work>
Outcome shielded(Outcome otherwise, Work&& work) noexcept {
  try {
    return std::forward<Work>(work)();
  } catch (...) {
    log::escaped("a library's work");
    return otherwise;
  }
}

}  // namespace tacet
