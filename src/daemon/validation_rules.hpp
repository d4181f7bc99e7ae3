#pragma once
#include <memory>
#include <string>

#include "resolve/validation/validation.hpp"
#include "tacet/config.hpp"
#include "tacet/open_file.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The root's keys as Debian's package dns-root-data has them.
inline constexpr const char* root_anchor_file = "/usr/share/dns/root.ds";

/// Makes the rules of validation from a configuration: reads the files of trust anchors by `open`, and takes the root's
/// keys from root_anchor_file if it is there. Fault::invalid_config names an unusable file. Without validation it reads
/// nothing.
Result<std::shared_ptr<const ValidationRules>> make_validation_rules(const Config& config, const OpenFile& open);

}  // namespace tacet
