#pragma once
#include "support/fake_upstream.hpp"
#include "unit/pool/resolve_fixture.hpp"

namespace tacet::fixture {

/// Scripts of a FakeUpstream.
inline FakeUpstream::Script answers(Duration delay, std::uint32_t ttl = 300) {
  return [=](const Message& query) { return FakeUpstream::Step{delay, message(positive(query.question(), ttl))}; };
}
inline FakeUpstream::Script says(Duration delay, Rcode rcode) {
  return [=](const Message& query) {
    return FakeUpstream::Step{delay, message(local_answer(query.question(), rcode, {}))};
  };
}
inline FakeUpstream::Script fails(Duration delay, Fault fault) {
  return [=](const Message&) { return FakeUpstream::Step{delay, fail(fault, "as the test wants it")}; };
}

}  // namespace tacet::fixture
