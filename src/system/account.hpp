#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "tacet/result.hpp"

namespace tacet {

/// A user of this machine.
struct Account {
  std::string name;
  uid_t user = 0;
  gid_t group = 0;
};

/// The user that this process must become: `name` (`user` of the configuration); without a name `tacet` if that user
/// exists, else `nobody`. Nothing if it already is that user, or if it has no name and was not started as root. Call it
/// before you bind a socket: the look-up of a user may need DNS. Fault::invalid_config with advice if the user does not
/// exist, or only root could become it.
Result<std::optional<Account>> account_to_become(const std::string& name);

/// A file and the needed access, as in access(2).
struct Need {
  std::string path;
  int mode = 0;
};

/// The first of `needs` that the account cannot reach; nothing if it reaches all. A missing file is no obstacle. It
/// tries in a child process, so call it before there are threads.
std::optional<std::string> out_of_reach(const Account& account, const std::vector<Need>& needs);

/// Becomes that user with its groups, for good. Call it before there are threads. Fault::system.
Result<void> become(const Account& account);

}  // namespace tacet
