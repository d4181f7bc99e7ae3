#pragma once
#include <utility>

#include "base/log.hpp"

namespace tacet {

/// The result of `work`; `otherwise` if an exception left it (no memory). Use it in functions that a C library calls:
/// an exception that passed through C would leave the library's work half done. `otherwise` tells the library of the
/// failure.
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
