#include "cli/browser/listener_probe.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/descriptor.hpp"
#include "base/log.hpp"
#include "cli/asking.hpp"
#include "cli/browser/policies.hpp"
#include "config/address.hpp"
#include "config/yaml.hpp"
#include "dns/edns.hpp"
#include "transport/dial/socket.hpp"
#include "transport/http/http.hpp"

namespace tacet {

Result<void> check_port_is_free() {
  const auto where = parse_socket_address(browser_address, 0);
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;  // connections of a former tacet do not count
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto address = where ? kernel_address(*where) : Result<KernelAddress>(fail(where.error()));
  if (!address || ::bind(socket.get(), address->get(), address->size) == 0 || errno != EADDRINUSE) return {};
  return fail(Fault::in_use, fmt::format("another program holds {} (ss -tlnp shows it)", browser_address));
}

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
