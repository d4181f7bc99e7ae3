#include <cstdint>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/ask/control_client.hpp"
#include "cli/ask/verbs.hpp"
#include "cli/words.hpp"

// The verbs that change what the running tacet does.

namespace tacet {

int run_flush(const std::string& socket_path, const FlushRequest& request, std::ostream& out, std::ostream& err) {
  ControlRequest control{.method = "POST", .path = "/flush"};
  if (!request.name.empty()) control.parameters.emplace("name", request.name);
  if (!request.below.empty()) control.parameters.emplace("below", request.below);
  const auto answer = ask(socket_path, control);
  if (!answer) return complain(err, answer.error());
  const auto flushed = answer->value("flushed", std::uint64_t{0});
  out << flushed << (flushed == 1 ? " answer" : " answers") << " forgotten\n";
  return 0;
}

int run_log_level(const std::string& socket_path, const std::string& level, std::ostream& out, std::ostream& err) {
  const auto answer = ask(socket_path, {.method = "POST", .path = "/log-level", .parameters = {{"level", level}}});
  if (!answer) return complain(err, answer.error());
  out << "the log level is now " << answer->value("log_level", level) << '\n';
  return 0;
}

int run_reload(const std::string& socket_path, std::ostream& out, std::ostream& err) {
  if (socket_path.empty())
    return complain(err, {Fault::unreachable,
                          "the configuration names no control socket; send SIGHUP to tacet, which "
                          "tells the outcome in its log"});
  const auto answer = ask(socket_path, {.method = "POST", .path = "/reload"});
  if (!answer) return complain(err, answer.error());
  out << answer->value("summary", "") << '\n';
  return 0;
}

}  // namespace tacet
