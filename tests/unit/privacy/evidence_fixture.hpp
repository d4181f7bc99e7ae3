#pragma once
#include <string_view>

#include "unit/dns/wire_fixture.hpp"

/// Answers to type-65 questions, made by hand.
namespace tacet::fixture {

/// What an `ech` parameter holds for this outer name.
inline Octets ech_config_list(std::string_view public_name, unsigned version = 0xFE0D) {
  const Octets contents = Octets{7} + u16(0x20) + u16(32) + Octets(32, 0xAA) + u16(4) + Octets{0, 1, 0, 1} + Octets{0} +
                          Octets{static_cast<std::uint8_t>(public_name.size())} +
                          Octets(public_name.begin(), public_name.end()) + u16(0);
  const Octets config = u16(version) + u16(static_cast<unsigned>(contents.size())) + contents;
  return u16(static_cast<unsigned>(config.size())) + config;
}

inline Octets with_ech(std::string_view public_name, unsigned priority = 1) {
  return u16(priority) + name("") + tlv(1, {2, 'h', '2'}) + tlv(5, ech_config_list(public_name));
}
inline Octets without_ech(unsigned priority = 1) { return u16(priority) + name("") + tlv(1, {2, 'h', '2'}); }
inline Octets alias_to(std::string_view target) { return u16(0) + name(target); }

/// One record of an answer.
struct Answer {
  std::string_view owner;
  Type type;
  Octets rdata;
};

/// The answer to "`asked` HTTPS" with these records.
inline Octets https_answer(std::string_view asked, const std::vector<Answer>& answers, unsigned flags = 0x8180) {
  Octets wire =
      header(0, flags, {.answers = static_cast<unsigned>(answers.size())}) + question(name(asked), Type::https);
  for (const Answer& answer : answers) wire = wire + record(name(answer.owner), answer.type, 300, answer.rdata);
  return wire;
}

}  // namespace tacet::fixture
