#pragma once
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace tacet {

/// The outcome of a reload.
struct Reloaded {
  std::vector<std::string_view> changed;  ///< top-level keys
  std::size_t forgotten = 0;              ///< cached answers that now come from other servers
  bool has_file = true;                   ///< false: there is no file, and the reload did nothing
};

/// Why a configuration is refused, one fault a line. The former one stays in use.
using ReloadFaults = std::vector<std::string>;

using ReloadOutcome = std::expected<Reloaded, ReloadFaults>;

/// "changed upstreams and cache, 12 cached answers forgotten", for people.
std::string to_string(const Reloaded& reloaded);

}  // namespace tacet
