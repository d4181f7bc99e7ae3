#pragma once
#include <cstdint>

#include "tacet/message.hpp"

namespace tacet {

/// The layout of a type's RDATA, as far as names in it matter: `before` octets, then character-strings, then names,
/// then `after` octets, which end it unless `open_end` is set.
struct RdataShape {
  enum class Names : std::uint8_t {
    compressible,  ///< RFC 1035: senders may compress, so may we
    expandable,    ///< RFC 3597 §4: some senders compress, but we must not
    uncompressed,  ///< newer: never compressed
  };
  std::uint8_t before = 0;
  std::uint8_t strings = 0;
  std::uint8_t names = 0;
  std::uint8_t after = 0;
  bool open_end = false;
  Names form = Names::compressible;
};

/// The shape of a type's RDATA in class IN. A type without a name here is opaque (RFC 3597).
constexpr RdataShape shape_of(Type type) {
  using enum RdataShape::Names;
  switch (type) {
    case Type::a:
      return {.before = 4};
    case Type::aaaa:
      return {.before = 16};
    case Type::ns:
    case Type::md:
    case Type::mf:
    case Type::cname:
    case Type::mb:
    case Type::mg:
    case Type::mr:
    case Type::ptr:
      return {.names = 1};
    case Type::soa:
      return {.names = 2, .after = 20};
    case Type::minfo:
      return {.names = 2};
    case Type::mx:
      return {.before = 2, .names = 1};
    case Type::rp:
      return {.names = 2, .form = expandable};
    case Type::afsdb:
    case Type::rt:
    case Type::kx:
      return {.before = 2, .names = 1, .form = expandable};
    case Type::px:
      return {.before = 2, .names = 2, .form = expandable};
    case Type::srv:
      return {.before = 6, .names = 1, .form = expandable};
    case Type::naptr:
      return {.before = 4, .strings = 3, .names = 1, .form = expandable};
    case Type::dname:
      return {.names = 1, .form = expandable};
    case Type::sig:
      return {.before = 18, .names = 1, .open_end = true, .form = expandable};
    case Type::nxt:
      return {.names = 1, .open_end = true, .form = expandable};
    case Type::rrsig:
      return {.before = 18, .names = 1, .open_end = true, .form = uncompressed};
    case Type::nsec:
      return {.names = 1, .open_end = true, .form = uncompressed};
    case Type::svcb:
    case Type::https:
      return {.before = 2, .names = 1, .open_end = true, .form = uncompressed};
    case Type::ds:
    case Type::dnskey:
      return {.before = 4, .open_end = true};
    case Type::nsec3:
      return {.before = 4, .strings = 2, .open_end = true};  // salt and hash have the form of strings
    case Type::nsec3param:
      return {.before = 4, .strings = 1};
    default:
      return {.open_end = true};
  }
}

}  // namespace tacet
