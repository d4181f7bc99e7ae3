#include "cli/words.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <ostream>

namespace tacet {
namespace {

bool reader_has_left() {
  pollfd output{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return ::poll(&output, 1, 0) > 0 && (output.revents & POLLERR) != 0;
}

}  // namespace

std::string for_how_long(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
  return fmt::format("{} d {} h", whole / 86400, whole / 3600 % 24);
}

std::string way_words(const nlohmann::ordered_json& path) {
  if (path.is_null()) return {};
  std::string words;
  if (!path.at("interface").is_null()) words += ", by " + path.at("interface").get<std::string>();
  if (!path.at("proxy").is_null()) words += ", through the proxy " + path.at("proxy").get<std::string>();
  if (path.at("rung") != "configured") words += ", on the rung " + path.at("rung").get<std::string>();
  return words;
}

int complain(std::ostream& err, const Error& error) {
  err << "tacet: " << error.detail << '\n';
  return 1;
}

bool output_is_lost() {
  std::cout.flush();
  if (std::cout || reader_has_left()) return false;
  std::cerr << "tacet: the output cannot be written, and is not complete: is the disk full?\n";
  return true;
}

int show(const Result<nlohmann::ordered_json>& answer, bool as_json,
         const std::function<std::string(const nlohmann::ordered_json&)>& text, const Streams& to) {
  if (!answer) return complain(to.err, answer.error());
  try {
    to.out << (as_json ? answer->dump(2) + "\n" : text(*answer));
  } catch (const nlohmann::ordered_json::exception& missing) {
    to.err << "tacet: the running tacet is of another version (try --json): " << missing.what() << '\n';
    return 1;
  }
  return 0;
}

}  // namespace tacet
