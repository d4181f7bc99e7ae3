#pragma once
#include <initializer_list>
#include <string_view>
#include <utility>

#include "unit/dnssec/signed_world.hpp"

namespace tacet::fixture {

inline constexpr unsigned nxdomain = 3;

/// A world that is known, in which attackers try.
struct KnownWorld : SignedWorld {
  SignedZone other{"other.test"};

  explicit KnownWorld(SigningKey key = SigningKey()) : SignedWorld("test", std::move(key)) {
    teach();
    learn(ds_of(other, tld));
    learn(keys_of(other));
  }

  SecurityStatus status(const Packet& packet) { return verdict(packet).status; }
  /// Neither secure nor insecure, whatever would be asked next.
  bool refused(const Packet& packet) { return status(packet) == SecurityStatus::bogus; }
  Records denial(std::initializer_list<std::string_view> lines) const {
    Records all = example.soa();
    for (const std::string_view line : lines) all = all + example.sign({line});
    return all;
  }
};

inline const Question www = ask("www.example.test");

}  // namespace tacet::fixture
