#include "cli/ask/reload.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/ask/control_client.hpp"

namespace tacet {

int run_reload(const std::string& socket_path, std::ostream& out, std::ostream& err) {
  if (socket_path.empty()) {
    err << "tacet: the configuration names no control socket; send SIGHUP to tacet, which tells the outcome in "
           "its log\n";
    return 1;
  }
  const auto answer = ask(socket_path, {.method = "POST", .path = "/reload"});
  if (answer) {
    out << answer->value("summary", "") << '\n';
    return 0;
  }
  err << "tacet: " << answer.error().detail << '\n';
  return 1;
}

}  // namespace tacet
