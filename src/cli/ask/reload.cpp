#include "cli/ask/reload.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/ask/control_client.hpp"
#include "cli/words.hpp"

namespace tacet {

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
