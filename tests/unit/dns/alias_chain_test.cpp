#include "dns/alias_chain.hpp"

#include <doctest/doctest.h>

#include <array>
#include <tuple>
#include <utility>

#include "dns/local_answer.hpp"
#include "unit/dns/wire_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

TEST_CASE("An answer of two parts is as secure as the weaker one") {
  using enum SecurityStatus;
  const std::array alias{cname_record(named("a.example"), 300, named("b.example"))};
  const std::array target{a_record(named("b.example"), 60, std::array<std::uint8_t, 4>{192, 0, 2, 1})};
  AnswerImage front = local_answer({named("a.example"), Type::a, Class::in}, Rcode::noerror, alias);
  AnswerImage rest = local_answer({named("b.example"), Type::a, Class::in}, Rcode::noerror, target);
  const std::vector<Name> chain = alias_chain(front);
  REQUIRE(chain.size() == 2);
  CHECK(join(front, chain, rest).security == indeterminate);
  for (const auto& [one, other, whole] : {std::tuple{secure, secure, secure},
                                          {secure, insecure, insecure},
                                          {secure, indeterminate, indeterminate},
                                          {insecure, indeterminate, indeterminate},
                                          {secure, bogus, bogus},
                                          {indeterminate, bogus, bogus}}) {
    front.security = one;
    rest.security = other;
    CHECK(join(front, chain, rest).security == whole);
    std::swap(front.security, rest.security);
    CHECK(join(front, chain, rest).security == whole);
  }
}
