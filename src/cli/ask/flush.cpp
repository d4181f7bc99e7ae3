#include "cli/ask/flush.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/ask/control_client.hpp"
#include "cli/words.hpp"

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

}  // namespace tacet
