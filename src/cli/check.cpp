#include "cli/check.hpp"

#include <fmt/format.h>

#include <ostream>
#include <string>

#include "config/address.hpp"
#include "config/load.hpp"
#include "config/print.hpp"
#include "serve/bind.hpp"

namespace tacet {

int run_check(std::string_view path, std::ostream& out, std::ostream& err) {
  const auto config = load_config(std::string(path));
  if (config) {
    out << to_yaml(*config);
    for (const SocketAddress& address : config->listen)
      if (!address.is_default && !is_present(address))
        err << "warning: listen: this machine has no " << to_string(address) << " now: it is served when it is there\n";
    if (const auto remark = left_out(config->listen)) err << "warning: " << *remark << '\n';
    return 0;
  }
  for (const auto& fault : config.error()) err << to_string(fault) << '\n';
  return 1;
}

}  // namespace tacet
