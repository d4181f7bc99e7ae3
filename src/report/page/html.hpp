#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "tacet/instant.hpp"

namespace tacet {

/// Text that is safe as content and as the value of an attribute in double quotes.
std::string html_text(std::string_view text);

/// A number as the page shows it. page.html has the same forms, for the numbers that it keeps fresh.
std::string count_words(std::uint64_t count);  ///< "12 345"
std::string share_words(double share);         ///< "93.4 %" for 0.934
std::string milliseconds_words(double time);   ///< "250 µs", "12 ms", "1.5 s"
std::string duration_words(double seconds);    ///< "3 d 4 h"

/// A number that the script keeps fresh: `path` leads to it in status_json(), `form` is n, share, ms, bytes or time.
std::string fresh(std::string_view path, std::string_view form, std::string_view words);

/// A cell of a table whose column has this heading; `inner` is HTML.
std::string cell(std::string_view heading, std::string_view inner);
/// The same for a number.
std::string number_cell(std::string_view heading, std::string_view inner);

}  // namespace tacet
