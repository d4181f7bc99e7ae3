#include "cli/check.hpp"

#include <ostream>
#include <string>

#include "config/load.hpp"
#include "config/print.hpp"

namespace tacet {

int run_check(std::string_view path, std::ostream& out, std::ostream& err) {
  const auto config = load_config(std::string(path));
  if (config) {
    out << to_yaml(*config);
    return 0;
  }
  for (const auto& fault : config.error()) err << to_string(fault) << '\n';
  return 1;
}

}  // namespace tacet
