#include "resolve/local_data.hpp"

#include <doctest/doctest.h>

#include "unit/pool/upstream_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

/// Local data beside a zone of the local network, "corp.test": a name below one that policy answers.
struct Local : World {
  std::optional<AnswerImage> find(const Question& asked, bool dnssec_ok = false, Asker asker = Asker::this_machine) {
    const CacheKey key({1, 2}, asked, dnssec_ok, false);
    const auto found = data.find(QuestionView::of(asked), key, asker);
    if (found) CHECK(data.might_answer(QuestionView::of(asked), key));
    return found;
  }
  std::optional<AnswerImage> find(std::string_view name) { return find(question(name)); }
  void set_hosts(std::string_view text) { data.set_hosts(std::make_shared<const Hosts>(Hosts::parse(text))); }

  FakeUpstream upstream{scheduler, "public", answers(5ms)}, own{scheduler, "corp", answers(5ms)};
  Policy policy{Config{}};
  Routes routes{scheduler, 16, borrowed(upstream), {{Name::from_text("corp.test").value(), borrowed(own)}}};
  LocalData data{policy, routes};
};

}  // namespace

TEST_CASE("What neither the hosts file nor policy knows is for others to answer") {
  Local local;
  CHECK(!local.find("www.example"));
  CHECK(local.find("a.test")->kind == AnswerKind::nxdomain);
}

TEST_CASE("The hosts file comes before policy, for as long as it has the name") {
  Local local;
  local.set_hosts("192.0.2.1 a.test www.example");
  CHECK(local.find("A.Test")->kind == AnswerKind::positive);
  CHECK(message(*local.find("A.Test")).question().name.to_string() == "A.Test.");
  CHECK(local.find("www.example"));
  local.set_hosts("");
  CHECK(local.find("a.test")->kind == AnswerKind::nxdomain);
  CHECK(!local.find("www.example"));
}

TEST_CASE("A zone of the local network is free of policy in class IN, and not of the hosts file") {
  Local local;
  CHECK(!local.find("nas.corp.test"));
  CHECK(local.find({Name::from_text("nas.corp.test").value(), Type::txt, Class::ch}));
  local.set_hosts("192.0.2.1 nas.corp.test");
  CHECK(local.find("nas.corp.test"));
}

TEST_CASE("A validator is told nothing of a single label, for it needs the root's word") {
  Local local;
  CHECK(local.find(question("com")));
  CHECK(!local.find(question("com"), true));
}

TEST_CASE("Another machine is not shown the loopback addresses of the hosts file") {
  Local local;
  local.set_hosts("127.0.1.1 box.example");
  CHECK(local.find("box.example")->kind == AnswerKind::positive);
  CHECK(local.find(question("box.example"), false, Asker::another_machine)->kind == AnswerKind::nodata);
}
