#include "dns/svcb.hpp"

#include <doctest/doctest.h>

#include <random>

#include "unit/dns/wire_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

/// An ECHConfigList of one config of this version for this public name.
Octets ech_config(unsigned version, const Octets& public_name) {
  const Octets contents = Octets{7} + u16(0x20) + u16(32) + Octets(32, 0xAA) + u16(4) + Octets{0, 1, 0, 1} + Octets{0} +
                          Octets{static_cast<std::uint8_t>(public_name.size())} + public_name + u16(0);
  return u16(version) + u16(static_cast<unsigned>(contents.size())) + contents;
}
Octets list(const Octets& configs) { return u16(static_cast<unsigned>(configs.size())) + configs; }

const Octets public_name{'p', '.', 'e', 'x'};

}  // namespace

TEST_CASE("A service binding tells priority, target and parameters") {
  const Octets rdata = u16(1) + name("svc.example") + tlv(0, {0, 1, 0, 5}) + tlv(1, {2, 'h', '2'}) + tlv(2, {}) +
                       tlv(5, {9}) + tlv(65280, {1, 2});
  const ServiceBinding binding = parse_service_binding(rdata).value();
  CHECK(binding.priority == 1);
  CHECK(!binding.alias());
  CHECK(binding.target == named("svc.example"));
  CHECK(binding.parameters.size() == 5);
  CHECK(octets(*binding.find(svc_param::ech)) == Octets{9});
  CHECK(binding.find(svc_param::no_default_alpn)->empty());
  CHECK(!binding.find(svc_param::port));
  CHECK(octets(*binding.find(65280)) == Octets{1, 2});
  CHECK(parse_service_binding(u16(0) + name("alias.example"))->alias());
  CHECK(parse_service_binding(u16(1) + name(""))->target.is_root());
}

TEST_CASE("Service bindings that break RFC 9460 are never trusted") {
  struct Row {
    const char* why;
    Octets rdata;
  };
  const Octets head = u16(1) + name("");
  const Row rows[] = {
      {"empty", {}},
      {"half a priority", {0}},
      {"no target", u16(1)},
      {"target cut", u16(1) + Octets{3, 'a'}},
      {"target compressed", u16(1) + pointer(12)},
      {"target without end", u16(1) + Octets(300, 1)},
      {"half a key", head + Octets{0}},
      {"value overruns", head + Octets{0, 1, 0, 5, 1}},
      {"keys out of order", head + tlv(3, {0, 1}) + tlv(1, {2, 'h', '2'})},
      {"key repeated", head + tlv(3, {0, 1}) + tlv(3, {0, 1})},
      {"mandatory empty", head + tlv(0, {})},
      {"mandatory odd", head + tlv(0, {0, 1, 0}) + tlv(1, {2, 'h', '2'})},
      {"mandatory names itself", head + tlv(0, {0, 0})},
      {"mandatory key missing", head + tlv(0, {0, 3})},
      {"mandatory out of order", head + tlv(0, {0, 3, 0, 1}) + tlv(1, {2, 'h', '2'}) + tlv(3, {0, 1})},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    const auto binding = parse_service_binding(row.rdata);
    REQUIRE(!binding);
    CHECK(binding.error().fault == Fault::malformed);
  }
}

TEST_CASE("The public name is that of the first config of a known version") {
  CHECK(ech_public_name(list(ech_config(0xFE0D, public_name))).value() == "p.ex");
  CHECK(ech_public_name(list(ech_config(0xFE0A, {'o'}) + ech_config(0xFE0D, public_name) + ech_config(0xFE0D, {'z'})))
            .value() == "p.ex");
  const auto unknown = ech_public_name(list(ech_config(0xFE0A, public_name)));
  REQUIRE(!unknown);
  CHECK(unknown.error().fault == Fault::unsupported);
}

TEST_CASE("Broken ECH configs are malformed") {
  const Octets good = ech_config(0xFE0D, public_name);
  for (const Octets& broken : {Octets{}, Octets{0}, list({}), list(good) + Octets{1},
                               list(Octets(good.begin(), good.end() - 1)), list(u16(0xFE0D) + u16(3) + Octets{1, 2, 3}),
                               list(ech_config(0xFE0D, {})), list(ech_config(0xFE0D, {'a', '\n'}))}) {
    const auto name = ech_public_name(broken);
    REQUIRE(!name);
    CHECK(name.error().fault == Fault::malformed);
  }
}

TEST_CASE("Random octets are judged without reading past their end") {
  std::mt19937 random(9460);
  const Octets good =
      u16(1) + name("svc.example") + tlv(1, {2, 'h', '2'}) + tlv(5, list(ech_config(0xFE0D, public_name)));
  for (int round = 0; round < 20000; ++round) {
    Octets changed(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(1 + random() % good.size()));
    changed[random() % changed.size()] = static_cast<std::uint8_t>(random());
    const auto binding = parse_service_binding(changed);
    if (!binding) continue;
    if (const auto ech = binding->find(svc_param::ech)) (void)ech_public_name(*ech).has_value();
    CHECK(binding->target.wire().size() <= Name::max_size);
  }
}
