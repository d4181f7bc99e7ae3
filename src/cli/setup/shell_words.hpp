#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace tacet {

/// Words as a shell or systemd would part them; expansions stay as they are written.
std::vector<std::string> split_words(std::string_view text);

}  // namespace tacet
