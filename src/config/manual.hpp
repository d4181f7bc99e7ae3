#pragma once
#include <map>
#include <string>
#include <string_view>

namespace tacet {

/// tacet.yaml(5) in troff, as packaging/man has it. The build compiles it in, so the sentences about a key stand in one
/// place only.
std::string_view manual_page();

/// The text below each key of a manual page such as ours, by the key's path ("cache.size"): one line, without the marks
/// of troff.
std::map<std::string, std::string> manual_entries(std::string_view page);

}  // namespace tacet
