#pragma once
#include <compare>
#include <string>

namespace tacet {

/// A point in a configuration file, both counted from 1, columns in octets. Line 0: the file as a whole.
struct Position {
  int line = 0;
  int column = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
};

/// One thing wrong with a configuration file.
struct ConfigFault {
  std::string file;
  Position at;
  std::string key;   ///< path such as "upstreams[0].url"; empty if the fault belongs to no key
  std::string text;  ///< what is wrong and what is allowed
};

/// "tacet.yaml:3:11: cache.size: what is wrong, what is allowed".
std::string to_string(const ConfigFault& fault);

}  // namespace tacet
