#include "report/path_json.hpp"

#include <string>
#include <string_view>

#include "base/duration.hpp"

namespace tacet {
namespace {

/// null for a host name, which a proxy looks up.
Json family_of(std::string_view address) {
  if (address.starts_with('[')) return "IPv6";
  const auto host = address.substr(0, address.rfind(':'));
  const bool is_v4 = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return is_v4 ? Json("IPv4") : Json(nullptr);
}

}  // namespace

Json path_json(const ConnectionFacts* facts) {
  if (facts == nullptr) return nullptr;
  const auto took = milliseconds(facts->connect_time);
  return {{"rung", to_string(facts->rung)},
          {"family", family_of(facts->address)},
          {"interface", known(facts->interface)},
          {"proxy", known(facts->proxy)},
          {"connect_ms", facts->connect_time == Duration::zero() ? Json(nullptr) : Json(took)}};
}

}  // namespace tacet
