#include "cli/ask/log_level.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/ask/control_client.hpp"
#include "cli/words.hpp"

namespace tacet {

int run_log_level(const std::string& socket_path, const std::string& level, std::ostream& out, std::ostream& err) {
  const auto answer = ask(socket_path, {.method = "POST", .path = "/log-level", .parameters = {{"level", level}}});
  if (!answer) return complain(err, answer.error());
  out << "the log level is now " << answer->value("log_level", level) << '\n';
  return 0;
}

}  // namespace tacet
