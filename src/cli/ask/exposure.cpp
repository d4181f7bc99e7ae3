#include <cstdint>
#include <ostream>

#include "cli/ask/control_client.hpp"
#include "cli/ask/exposure_text.hpp"
#include "cli/ask/parsed_json.hpp"
#include "cli/ask/verbs.hpp"
#include "cli/words.hpp"

namespace tacet {
namespace {

ControlRequest control_request(const ExposureRequest& request) {
  if (request.clear) return {.method = "POST", .path = "/exposure/clear"};
  if (request.explain.empty()) return {.method = "GET", .path = "/exposure"};
  return {.method = "GET", .path = "/exposure/explain", .parameters = {{"name", request.explain}}};
}

std::string text_of(const ExposureRequest& request, const ParsedJson& answer) {
  if (!request.explain.empty()) return explanation_text(answer);
  if (!request.clear) return exposure_text(answer);
  const auto count = number(answer, "forgotten");
  return std::to_string(count) + (count == 1 ? " name" : " names") + " forgotten\n";
}

}  // namespace

int run_exposure(const std::string& socket_path, const ExposureRequest& request, std::ostream& out, std::ostream& err) {
  return show(ask(socket_path, control_request(request)), request.json,
              [&](const ParsedJson& answer) { return text_of(request, answer); }, {out, err});
}

}  // namespace tacet
