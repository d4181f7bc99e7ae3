#pragma once
#include <optional>
#include <string>

#include "system/account.hpp"
#include "system/confinement.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// Whom the two processes become once the resolver is started; nothing: they stay who they are.
struct Users {
  std::optional<Account> resolver;
  std::optional<Account> opener;  ///< of files
  KeptPrivileges kept_by_opener = KeptPrivileges::none;
};

/// The users for this configuration, read from `file`: those of account_to_become(), but for what root could use and
/// that user could not, if nobody has named a user. Where that is a file to be read, the process that opens files stays
/// root; otherwise, or without such a process, both do. The log says so. Faults as account_to_become(); when to call it
/// as well.
Result<Users> choose_users(const Config& config, const std::string& file);

}  // namespace tacet
