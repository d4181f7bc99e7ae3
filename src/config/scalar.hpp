#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tacet {

/// Text from a user as it may stand in a message: in double quotes, everything but printable ASCII escaped, cut at
/// 60 octets. A terminal or a log line cannot be steered by it. (Not named as the one of <iomanip> is: for a
/// std::string that would be preferred.)
std::string quotation(std::string_view text);

/// A double-quoted YAML scalar: the one form in which no text means anything else.
std::string yaml_text(std::string_view text);

/// An unsigned decimal number that fills the whole text: no sign, no space, no overflow.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// Octets: "32MiB", "512KiB", "1GiB", or a plain number of octets. Powers of 1024 only.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// The shortest text that parse_size reads as `octets`: "32MiB", "1000".
std::string size_text(std::uint64_t octets);

}  // namespace tacet
