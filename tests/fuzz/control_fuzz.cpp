// Requests to the control socket, as octets: our parser, our routes and what they make of parameters.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "control/control.hpp"
#include "fuzz/property.hpp"

using namespace tacet;
using namespace tacet::fuzz;

namespace {

/// What one request caused.
struct Calls {
  unsigned read = 0, changed = 0;
  bool all_flushed = false;
};
Calls calls;  // of the request under test

ControlHandlers counting() {
  ControlHandlers handlers;
  handlers.status = [] {
    ++calls.read;
    return Result<Snapshot>(Snapshot{});
  };
  handlers.exposure = [] {
    ++calls.read;
    return Result<ExposureReport>(ExposureReport{});
  };
  handlers.explain = [](const Name& name) {
    ++calls.read;
    ExposureExplanation explanation;
    const Bytes wire = name.wire();
    explanation.name.name.assign(wire.begin(), wire.end());
    return Result<ExposureExplanation>(explanation);
  };
  handlers.cache = [](const CacheScope&) {
    ++calls.read;
    return Result<CacheReport>(CacheReport{});
  };
  handlers.explain_question = [](const Question& question) {
    ++calls.read;
    return Result<AnswerExplanation>(AnswerExplanation{.question = question});
  };
  handlers.flush = [](const CacheScope& scope) {
    ++calls.changed;
    calls.all_flushed = !scope.name;
    return Result<std::size_t>(1);
  };
  handlers.set_log_level = [](LogLevel) { ++calls.changed; };
  handlers.forget_names = [] {
    ++calls.changed;
    return Result<std::size_t>(1);
  };
  return handlers;
}

std::string lower(std::string_view text) {
  std::string out;
  for (const char octet : text) out += static_cast<char>(fold(static_cast<std::uint8_t>(octet)));
  return out;
}

/// The head's lines: up to the first empty one.
std::vector<std::string_view> lines_of(std::string_view request) {
  std::vector<std::string_view> lines;
  for (std::size_t end = 0; (end = request.find('\n')) != std::string_view::npos; request.remove_prefix(end + 1)) {
    const std::string_view line = request.substr(0, end);
    if (line == "\r") break;
    if (line.ends_with('\r')) lines.push_back(line);
  }
  return lines;
}

/// A request line's words, as a reader takes them that is not strict.
std::vector<std::string_view> words_of(std::string_view line) {
  constexpr std::string_view blanks = " \t\r";
  std::vector<std::string_view> words;
  while (!line.empty()) {
    std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(word.size() + 1, line.size()));
    word.remove_prefix(std::min(word.find_first_not_of(blanks), word.size()));
    word = word.substr(0, word.find_last_not_of(blanks) + 1);
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

/// As a browser writes it for a page.
bool is_origin(std::string_view line) {
  constexpr std::string_view field = "origin:";
  return lower(line).starts_with(field) && line.find_first_not_of(" \t\r", field.size()) != line.npos;
}

void check_cause(std::string_view request) {
  const auto lines = lines_of(request);
  require(!lines.empty(), "half a line causes nothing");
  const auto words = words_of(lines.front());
  require(words.size() >= 2, "half a line causes nothing");
  require(calls.changed == 0 || words[0] == "POST", "only a POST changes something");
  require(calls.changed == 0 || calls.read == 0, "what changes something does nothing else");
  require(calls.changed <= 1 && calls.read <= 2, "one request does one thing");
  const std::string_view target = words[1].substr(0, words[1].find('#'));
  const bool names_one = target.find("?n") != target.npos || target.find("&n") != target.npos;
  require(!calls.all_flushed || !names_one, "a flush of one name is not one of all");
  require(std::ranges::none_of(lines, is_origin), "a web page's request causes nothing");
}

/// The body of a response; what comes before it must be a head that announces it.
std::string_view body_of(std::string_view response, int& status) {
  require(response.starts_with("HTTP/1.1 ") && response.size() > 12, "an answer is one of HTTP");
  status = std::stoi(std::string(response.substr(9, 3)));
  const std::size_t end = response.find("\r\n\r\n");
  require(end != std::string_view::npos, "with a whole head");
  const std::string head = lower(response.substr(0, end + 2));
  const std::string_view body = response.substr(end + 4);
  if (const std::size_t at = head.find("content-length: "); at != std::string::npos)
    require(std::stoul(head.substr(at + 16)) == body.size(), "and as long as it says");
  return body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  static const HttpSite site = control_site(counting());
  calls = {};
  const std::string request(octets, octets + size);
  const std::string answer = http_answer(site, request).value_or("");
  if (calls.read + calls.changed > 0) check_cause(request);
  const std::string_view response = answer;
  if (response.empty()) return 0;
  int status = 0;
  const std::string_view body = body_of(response, status);
  require(status != 500, "no request is an internal error");
  require(status < 400 || calls.changed == 0, "what is refused is not done");
  const std::string_view head = response.substr(0, response.size() - body.size());
  if (head.find("application/json") == head.npos) return 0;
  const auto json = nlohmann::json::parse(body, nullptr, false);
  require(!json.is_discarded(), "a body is JSON");
  require((status >= 400) == (json.contains("error") && json["error"].is_string()), "with words for what failed");
  return 0;
}
