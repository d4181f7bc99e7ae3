#pragma once
#include <functional>
#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tacet/result.hpp"

namespace tacet {

/// "42 s", "3 min 2 s", "5 h 12 min", "2 d 7 h".
std::string for_how_long(double seconds);

/// ", by wg0, through the proxy socks5://127.0.0.1:1080": the way of a connection as the daemon tells it; empty if
/// nothing is known.
std::string way_words(const nlohmann::ordered_json& path);

/// Writes why a verb cannot go on. Returns its exit code, 1.
int complain(std::ostream& err, const Error& error);

/// Writes out what stands in std::cout. True, with a line on std::cerr, if output got lost, as on a full disk. A reader
/// that has left, as `head` does, wants no more, so nothing is lost then.
bool output_is_lost();

/// The output streams of a verb.
struct Streams {
  std::ostream& out;
  std::ostream& err;
};

/// Ends a verb that asked the daemon. Prints the answer as JSON or in the words of `text`, or the reason for no answer.
/// Returns the exit code.
int show(const Result<nlohmann::ordered_json>& answer, bool as_json,
         const std::function<std::string(const nlohmann::ordered_json&)>& text, const Streams& to);

}  // namespace tacet
