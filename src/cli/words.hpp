#pragma once
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tacet/result.hpp"

namespace tacet {

/// "42 s", "3 min 2 s", "5 h 12 min", "2 d 7 h".
std::string for_how_long(double seconds);
/// "12.5 KiB", "1.0 MiB".
std::string memory(std::uint64_t octets);

/// Where a verb writes.
struct Streams {
  std::ostream& out;
  std::ostream& err;
};

/// Ends a verb that asked the daemon: prints its answer, as JSON or as `text` makes it, or why there is none. Returns
/// the exit code.
int show(const Result<nlohmann::ordered_json>& answer, bool as_json,
         const std::function<std::string(const nlohmann::ordered_json&)>& text, const Streams& to);

}  // namespace tacet
