#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tacet {

/// How a browser takes orders from the administrator of its machine.
enum class PolicyKind : std::uint8_t {
  chromium,  ///< JSON files in a folder; all of them count together
  firefox,   ///< one JSON file, /etc/firefox/policies/policies.json
  unknown,   ///< a sandbox keeps the machine's policies from it
};

/// A browser that the set-up knows.
struct Browser {
  std::string_view name;  ///< "Chromium", "Brave (Flatpak)"
  PolicyKind kind = PolicyKind::unknown;
  std::string_view program;   ///< a path that exists where it is installed
  std::string_view policies;  ///< the folder of its policies; empty if unknown
};

/// The browsers that are installed in the system below `root` ("" is this machine), in the order of our table.
std::vector<Browser> find_browsers(const std::string& root);

}  // namespace tacet
