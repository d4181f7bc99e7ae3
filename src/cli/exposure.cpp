#include "cli/exposure.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/control_client.hpp"
#include "cli/exposure_text.hpp"

namespace tacet {
namespace {

using Json = nlohmann::ordered_json;

ControlRequest control_request(const ExposureRequest& request) {
  if (request.clear) return {.method = "POST", .path = "/exposure/clear"};
  if (request.explain.empty()) return {.method = "GET", .path = "/exposure"};
  return {.method = "GET", .path = "/exposure/explain", .parameters = {{"name", request.explain}}};
}

std::string text_of(const ExposureRequest& request, const Json& answer) {
  if (request.json) return answer.dump(2) + "\n";
  if (!request.explain.empty()) return explanation_text(answer);
  if (!request.clear) return exposure_text(answer);
  const auto count = answer.at("forgotten").get<std::uint64_t>();
  return std::to_string(count) + (count == 1 ? " name" : " names") + " forgotten\n";
}

}  // namespace

int run_exposure(const std::string& socket_path, const ExposureRequest& request, std::ostream& out, std::ostream& err) {
  const auto answer = ask(socket_path, control_request(request));
  if (!answer) {
    err << "tacet: " << answer.error().detail << '\n';
    return 1;
  }
  try {
    out << text_of(request, *answer);
  } catch (const Json::exception& missing) {
    err << "tacet: the tacet that is running is of another version (try --json): " << missing.what() << '\n';
    return 1;
  }
  return 0;
}

}  // namespace tacet
