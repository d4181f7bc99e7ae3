#pragma once
#include <string>

#include "resolve/outlook.hpp"

namespace tacet {

/// What `tacet explain` shows.
struct Prospect {
  Outlook outlook;
  std::string hosts_file;  ///< empty: there is none
};

/// As one JSON object; "why" is a sentence. Keys are only ever added.
std::string prospect_json(const Prospect& prospect);

}  // namespace tacet
