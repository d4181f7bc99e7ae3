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
/// Refers to the root.
inline FakeUpstream::Script refers(Duration delay) {
  return [=](const Message& query) {
    std::vector<std::uint8_t> wire = client_query(query.question(), 0, flag::qr);
    store16(wire, 8, 1);
    wire.insert(wire.end(), {0, 0, static_cast<std::uint8_t>(Type::ns), 0, 1, 0, 0, 1, 44, 0, 1, 0});
    return FakeUpstream::Step{delay, Message::parse(wire)};
  };
}
inline FakeUpstream::Script fails(Duration delay, Fault fault) {
  return [=](const Message&) { return FakeUpstream::Step{delay, fail(fault, "as the test wants it")}; };
}

}  // namespace tacet::fixture
