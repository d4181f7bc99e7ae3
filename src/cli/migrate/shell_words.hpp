#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace tacet {

/// Splits words as a shell or systemd does; expansions stay as written.
std::vector<std::string> split_words(std::string_view text);

}  // namespace tacet
