#include "cli/browser/listener_probe.hpp"

#include <fmt/format.h>

#include "base/log.hpp"
#include "cli/asking.hpp"
#include "cli/browser/policies.hpp"
#include "config/yaml.hpp"
#include "dns/edns.hpp"
#include "transport/http/http.hpp"

namespace tacet {

Result<void> probe_listener(const std::string& authority_file) {
  const auto config =
      read_config(fmt::format("upstreams: [{{url: \"{}\", ca_file: \"{}\"}}]", browser_url, authority_file),
                  "the listener's probe");
  if (!config) return fail(Fault::invalid_config, to_string(config.error().front()));
  log::start(LogLevel::error);
  const HttpLibrary http;
  const TrustStores trust(*config);
  if (auto read = trust.await(); !read) return read;
  const auto query = upstream_query({Name::from_text("localhost").value(), Type::a, Class::in}, false, false);
  if (const auto outcome = Asking(*config, trust).ask(query); !outcome) return fail(outcome.error());
  return {};
}

}  // namespace tacet
