#pragma once
#include <string_view>
#include <vector>

#include "tacet/config.hpp"

namespace tacet {

/// The top-level keys by which two configurations differ, in the order of the documentation.
struct Difference {
  std::vector<std::string_view> live;    ///< a running tacet can change these
  std::vector<std::string_view> sealed;  ///< only a new start can change these
};
/// Compares every key.
Difference difference(const Config& before, const Config& after);

}  // namespace tacet
