#include "control/page_passes.hpp"

#include <doctest/doctest.h>

namespace tacet {
namespace {

constexpr Instant noon{std::chrono::hours(100)};

}  // namespace

TEST_CASE("a pass holds for ten minutes, and nothing else opens the page with names") {
  PagePasses passes;
  CHECK_FALSE(passes.admits("", noon));
  const std::string pass = passes.issue(noon);
  CHECK(pass.size() == 32);
  CHECK(pass.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(passes.admits(pass, noon));
  CHECK(passes.admits(pass, noon + PagePasses::lasts - Duration(1)));
  CHECK_FALSE(passes.admits(pass, noon + PagePasses::lasts));
  std::string other = pass;
  other.back() = other.back() == '0' ? '1' : '0';
  for (const std::string& wrong : {other, pass.substr(1), pass + "0", std::string(), std::string(32, '0')})
    CHECK_FALSE(passes.admits(wrong, noon));
}

TEST_CASE("passes of several people hold beside each other, and the oldest ends when there are too many") {
  PagePasses passes;
  std::vector<std::string> issued;
  for (std::size_t i = 0; i < PagePasses::most; ++i) issued.push_back(passes.issue(noon));
  for (const std::string& pass : issued) CHECK(passes.admits(pass, noon));
  issued.push_back(passes.issue(noon));
  CHECK_FALSE(passes.admits(issued.front(), noon));
  for (std::size_t i = 1; i < issued.size(); ++i) CHECK(passes.admits(issued[i], noon));
}

}  // namespace tacet
