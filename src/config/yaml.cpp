#include "config/yaml.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "config/document.hpp"
#include "config/forms/path_forms.hpp"
#include "config/keys.hpp"
#include "config/mapping.hpp"
#include "config/void_keys.hpp"
#include "config/whole_file.hpp"

namespace tacet {

std::expected<Config, std::vector<ConfigFault>> read_config(std::string_view text, std::string_view file_name) {
  const auto document = parse_document(text);
  const std::string file(file_name);
  if (!document) {
    return std::unexpected(std::vector{ConfigFault{file, document.error().at, {}, document.error().text}});
  }
  std::vector<ConfigFault> faults;
  const Value root(*document, {}, "a mapping such as {workers: 1}", faults);
  auto config = Config::defaults();
  read_mapping(root, config_keys(), config);
  spread_proxy(root, config);
  report_void_keys(root, config);
  check_whole_file(root, config);
  check_paths(root, config);
  if (faults.empty()) return config;
  std::ranges::sort(faults, {}, [](const ConfigFault& fault) { return std::tie(fault.at, fault.key, fault.text); });
  for (auto& fault : faults) fault.file = file;
  return std::unexpected(std::move(faults));
}

}  // namespace tacet
