#include "system/account.hpp"

#include <doctest/doctest.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace tacet {
namespace {

/// Whether `work` returns true in a process of its own, which it may spoil.
bool in_a_child(const std::function<bool()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work() ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

constexpr uid_t somebody = 4711;

TEST_CASE("who was not started as root stays who he is") {
  CHECK(in_a_child([] {
    if (::geteuid() == 0 && ::setuid(somebody) != 0) return false;
    const auto account = account_to_become("");
    return account.has_value() && !account->has_value();
  }));
}

TEST_CASE("only root can become another, and is told so otherwise") {
  CHECK(in_a_child([] {
    if (::geteuid() == 0 && ::setuid(somebody) != 0) return false;
    const auto account = account_to_become("root");
    return !account && account.error().fault == Fault::invalid_config &&
           account.error().detail ==
               R"(user: only root can become "root": start tacet as root or as "root", or remove `user`)";
  }));
}

TEST_CASE("a user that is not there is a fault that says what to do") {
  const auto account = account_to_become("no-such-user-here");
  REQUIRE_FALSE(account.has_value());
  CHECK(account.error().fault == Fault::invalid_config);
  CHECK(account.error().detail ==
        R"(user: there is no user "no-such-user-here" on this machine: name one that is there, or root to stay root)");
}

TEST_CASE("root becomes somebody with less, or stays root if told to") {
  if (::geteuid() != 0) return;
  const auto account = account_to_become("");
  REQUIRE(account.has_value());
  REQUIRE(account->has_value());
  CHECK((*account)->user != 0);
  CHECK((*account)->name == (::getpwnam("tacet") != nullptr ? "tacet" : "nobody"));
  const auto root = account_to_become("root");
  REQUIRE(root.has_value());
  CHECK_FALSE(root->has_value());
}

TEST_CASE("who has become another cannot go back") {
  if (::geteuid() != 0) return;
  CHECK(in_a_child([] {
    const auto account = account_to_become("nobody");
    if (!account || !*account || !become(**account)) return false;
    return ::getuid() == (*account)->user && ::geteuid() == (*account)->user && ::getgid() == (*account)->group &&
           ::setuid(0) != 0 && ::seteuid(0) != 0 && ::setgid(0) != 0;
  }));
}

}  // namespace
}  // namespace tacet
