#pragma once
#include <optional>
#include <string>

#include "system/account.hpp"
#include "system/confinement.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The users that the two processes become after the start; nothing: the process keeps its user.
struct Users {
  std::optional<Account> resolver;
  std::optional<Account> opener;  ///< of files
  KeptPrivileges kept_by_opener = KeptPrivileges::none;
};

/// The users for this configuration, read from `file`: those of account_to_become(). One exception: if the
/// configuration names no user, and the found user cannot reach a path that root can. If that is a file to read, the
/// process that opens files stays root; otherwise, or without such a process, both stay root. The log says so. Faults,
/// and time to call, as account_to_become().
Result<Users> choose_users(const Config& config, const std::string& file);

}  // namespace tacet
