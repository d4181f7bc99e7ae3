#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/migrate/migration.hpp"
#include "config/document.hpp"

namespace tacet {

/// A member of a mapping in another program's file.
struct ForeignMember {
  ForeignSetting setting;  ///< its name and line; the value of a scalar
  const Node& node;        ///< lives as long as the document

  /// The scalar, or each scalar of the list, as a setting of this name at its own line.
  std::vector<ForeignSetting> items() const;
  bool is_true() const { return setting.value == "true" || setting.value == "1" || setting.value == "yes"; }
};

/// The members of a mapping; `prefix` stands in front of their names ("query_log.").
std::vector<ForeignMember> members_of(const Node& mapping, std::string_view prefix = {});

/// The text of a scalar under `key`; empty if there is none.
std::string text_under(const Node& mapping, std::string_view key);

}  // namespace tacet
