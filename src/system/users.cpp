#include "system/users.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.hpp"

namespace tacet {

Result<Users> choose_users(const Config& config, const std::string& file) {
  auto found = account_to_become(config.user);
  if (!found) return fail(std::move(found.error()));
  const std::optional<Account>& account = *found;
  if (!account || !config.user.empty()) return Users{account, account};
  auto used = needs_of(config, file);
  const auto behind = std::ranges::stable_partition(used, [](const Need& need) { return need.mode != R_OK; });
  std::vector<Need> read(behind.begin(), behind.end());
  if (is_confined(config)) used.erase(behind.begin(), behind.end());
  // Stay root: a resolver that does not start is worse.
  if (const auto obstacle = out_of_reach(*account, used)) {
    log::warn(
        "started as root, and stays root: user {} may not use {}. Give that user access, or name another as `user`",
        account->name, *obstacle);
    return Users{.kept_by_opener = KeptPrivileges::reading};
  }
  if (const auto obstacle = out_of_reach(*account, read)) {
    log::info("user {} may not read {}: the process that opens files stays root for it", account->name, *obstacle);
    return Users{.resolver = account, .kept_by_opener = KeptPrivileges::reading};
  }
  return Users{account, account};
}

}  // namespace tacet
