#pragma once
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace tacet {

/// What a reload has done.
struct Reloaded {
  std::vector<std::string_view> changed;  ///< top-level keys
  std::size_t forgotten = 0;              ///< cached answers that others would now give
  bool has_file = true;                   ///< false: there is none to read, and nothing was done
};

/// Why a configuration is refused, one fault a line: what was in use stays.
using ReloadFaults = std::vector<std::string>;

using ReloadOutcome = std::expected<Reloaded, ReloadFaults>;

/// "changed upstreams and cache, 12 cached answers forgotten", for people.
std::string to_string(const Reloaded& reloaded);

}  // namespace tacet
