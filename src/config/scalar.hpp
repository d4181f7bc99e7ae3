#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tacet {

/// Text from a user, made safe for a message: in double quotes, everything but printable ASCII escaped, cut at 60
/// octets. So it cannot control a terminal or forge a log line. (Its name differs from that in <iomanip>, which
/// overload resolution would prefer for a std::string.)
std::string quotation(std::string_view text);

/// A double-quoted YAML scalar: only in this form every text keeps its meaning.
std::string yaml_text(std::string_view text);

/// An unsigned decimal number that is the whole text: no sign, no space, no overflow.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// Octets: "32MiB", "512KiB", "1GiB", or a plain number of octets. Powers of 1024 only.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// The shortest text that parse_size reads as `octets`: "32MiB", "1000".
std::string size_text(std::uint64_t octets);

}  // namespace tacet
