#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "dns/wire.hpp"
#include "tacet/message.hpp"

/// Hand-made messages: what the tests compare with must not come from the code under test.
namespace tacet::fixture {

using Octets = std::vector<std::uint8_t>;

inline Octets operator+(Octets left, const Octets& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

inline Octets u16(unsigned value) { return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)}; }
inline Octets u32(std::uint32_t value) { return u16(value >> 16) + u16(value & 0xFFFF); }

/// "www.example" → 3www7example0; no escapes.
inline Octets name(std::string_view text) {
  Octets wire;
  while (!text.empty()) {
    const std::string_view label = text.substr(0, text.find('.'));
    wire.push_back(static_cast<std::uint8_t>(label.size()));
    wire.insert(wire.end(), label.begin(), label.end());
    text.remove_prefix(std::min(text.size(), label.size() + 1));
  }
  wire.push_back(0);
  return wire;
}

inline Octets pointer(unsigned target) { return u16(0xC000 | target); }

struct Counts {
  unsigned questions = 1, answers = 0, authorities = 0, additionals = 0;
};

inline Octets header(unsigned id, unsigned flags, Counts counts = {}) {
  return u16(id) + u16(flags) + u16(counts.questions) + u16(counts.answers) + u16(counts.authorities) +
         u16(counts.additionals);
}

inline Octets question(const Octets& qname, Type type = Type::a, Class qclass = Class::in) {
  return qname + u16(static_cast<unsigned>(type)) + u16(static_cast<unsigned>(qclass));
}

inline Octets record(const Octets& owner, Type type, std::uint32_t ttl, const Octets& rdata, Class rclass = Class::in) {
  return owner + u16(static_cast<unsigned>(type)) + u16(static_cast<unsigned>(rclass)) + u32(ttl) +
         u16(static_cast<unsigned>(rdata.size())) + rdata;
}

/// Code, length, value: an EDNS option or a service parameter.
inline Octets tlv(unsigned code, const Octets& value) {
  return u16(code) + u16(static_cast<unsigned>(value.size())) + value;
}

inline Octets opt(unsigned size = 1232, std::uint32_t ttl_field = 0, const Octets& options = {}) {
  return Octets{0} + u16(41) + u16(size) + u32(ttl_field) + u16(static_cast<unsigned>(options.size())) + options;
}

inline Octets soa_rdata(const Octets& mname, std::uint32_t minimum) {
  return mname + Octets{0} + u32(1) + u32(2) + u32(3) + u32(4) + u32(minimum);
}

inline const Octets address{192, 0, 2, 1};

inline Message parsed(const Octets& wire) { return Message::parse(wire).value(); }
inline Name named(std::string_view text) { return Name::from_text(text).value(); }
inline Octets octets(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace tacet::fixture
