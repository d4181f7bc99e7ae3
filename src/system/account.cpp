#include "system/account.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/log.hpp"
#include "config/scalar.hpp"

namespace tacet {
namespace {

std::optional<Account> find(const std::string& name) {
  const passwd* entry = ::getpwnam(name.c_str());
  if (entry == nullptr) return std::nullopt;
  return Account{name, entry->pw_uid, entry->pw_gid};
}

/// Keeps the signal at the parent's end (PR_SET_PDEATHSIG), which Linux clears when the user changes.
class EndsWithParent {
public:
#ifdef __linux__
  EndsWithParent() { ::prctl(PR_GET_PDEATHSIG, &signal_); }
  ~EndsWithParent() {
    if (signal_ != 0) ::prctl(PR_SET_PDEATHSIG, signal_);
  }
  EndsWithParent(const EndsWithParent&) = delete;
  EndsWithParent& operator=(const EndsWithParent&) = delete;

private:
  int signal_ = 0;
#endif
};

bool change_to(const Account& account) {
  return ::initgroups(account.name.c_str(), account.group) == 0 && ::setgid(account.group) == 0 &&
         ::setuid(account.user) == 0;
}

}  // namespace

Result<std::optional<Account>> account_to_become(const std::string& name) {
  const bool is_root = ::geteuid() == 0;
  if (name.empty() && !is_root) return std::nullopt;
  auto account = name.empty() ? find("tacet") : find(name);
  if (!account && name.empty()) account = find("nobody");
  if (!account) {
    return fail(Fault::invalid_config,
                fmt::format("user: there is no user {} on this machine: name one that is there, or root to stay root",
                            quotation(name.empty() ? "nobody" : name)));
  }
  if (account->user == ::geteuid()) return std::nullopt;
  if (is_root) return account;
  return fail(Fault::invalid_config,
              fmt::format("user: only root can become {}: start tacet as root or as {}, or remove "
                          "`user`",
                          quotation(name), quotation(name)));
}

std::optional<std::string> out_of_reach(const Account& account, const std::vector<Need>& needs) {
  constexpr std::size_t most = 250;  // an exit status has eight bits
  const pid_t child = ::fork();
  if (child == 0) {
    if (!change_to(account)) ::_exit(0);  // become() will say so
    std::size_t at = 0;
    while (at < std::min(needs.size(), most) &&
           (::access(needs[at].path.c_str(), needs[at].mode) == 0 || errno == ENOENT))
      ++at;
    ::_exit(at < std::min(needs.size(), most) ? static_cast<int>(at + 1) : 0);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) == 0)
    return std::nullopt;
  return needs[static_cast<std::size_t>(WEXITSTATUS(status)) - 1].path;
}

Result<void> become(const Account& account) {
  [[maybe_unused]] const EndsWithParent kept;
  const bool done = change_to(account);
  if (done && ::setuid(0) != 0) {
    log::info("started as root, and goes on as user {}", account.name);
    return {};
  }
  return fail(Fault::system,
              fmt::format("cannot become user {}: {}. `user` names another; `user: root` stays root", account.name,
                          done ? "the process could become root again" : std::strerror(errno)));
}

}  // namespace tacet
