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

/// Whom this process is to become: the user `name` (`user` of the configuration); without a name `tacet` if there is
/// such a user, or else `nobody`. Nothing if there is nothing to do: it is that user already, or no name was given and
/// it was not started as root. To be called before a socket is bound: whoever lists the users may need DNS for that.
/// Fault::invalid_config with what to do instead: there is no such user, or only root could become it.
Result<std::optional<Account>> account_to_become(const std::string& name);

/// A file and how it has to be reached, as access() takes it.
struct Need {
  std::string path;
  int mode = 0;
};

/// The first of `needs` that the account could not reach; nothing if it could reach all. Asks in a process of its own,
/// so only to be called before there are threads. What is not there is no obstacle.
std::optional<std::string> out_of_reach(const Account& account, const std::vector<Need>& needs);

/// Becomes that user with its groups, for good. To be called before there are threads. Fault::system.
Result<void> become(const Account& account);

}  // namespace tacet
