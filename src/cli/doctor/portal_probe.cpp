#include "cli/doctor/portal_probe.hpp"

#include <fmt/format.h>

#include "doctor/seen_answers.hpp"
#include "transport/http/http.hpp"
#include "transport/http/http_fetch.hpp"

namespace tacet {
namespace {

constexpr auto check = "net.portal";

PortalProbe judged(const PortalPage& page, const Result<FetchedDocument>& fetched) {
  constexpr long ok = 200;
  if (!fetched) return {.outcome = PortalProbe::Outcome::silent, .words = fetched.error().detail, .page = {}};
  if (fetched->status == ok && fetched->text.starts_with(page.text))
    return {.outcome = PortalProbe::Outcome::true_page, .words = page.url + " came as it is", .page = {}};
  return {.outcome = PortalProbe::Outcome::another_page,
          .words = fmt::format("{} brought another page (status {})", page.url, fetched->status),
          .page = fetched->location};
}

}  // namespace

std::optional<ClearQuery> portal_query(const Canaries& canaries, const std::vector<SocketAddress>& own_resolvers) {
  const bool has_own = !own_resolvers.empty();
  if (!has_own && canaries.resolvers.empty()) return std::nullopt;
  return ClearQuery{.check = check,
                    .server_name = has_own ? own_resolver : canaries.resolvers.front().operator_name,
                    .server = has_own ? own_resolvers.front() : canaries.resolvers.front().address,
                    .question = {canaries.portal.host(), Type::a}};
}

std::optional<PortalProbe> probe_portal(const Canaries& canaries, const PathEvidence& path) {
  for (const auto* seen : of_check(path, check)) {
    const Message* answer = seen->outcome.first();
    const auto addresses = answer == nullptr ? std::vector<std::string>() : addresses_in(*answer);
    if (addresses.empty()) continue;
    const HttpLibrary http;
    const FetchRequest request{.url = canaries.portal.url,
                               .address = {.address = IpAddress::from_text(addresses.front()).value(), .port = 80},
                               .ca_file = {}};
    return judged(canaries.portal, http_fetch(request));
  }
  return std::nullopt;
}

}  // namespace tacet
