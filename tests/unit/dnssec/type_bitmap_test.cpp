#include "dnssec/type_bitmap.hpp"

#include <doctest/doctest.h>

#include "unit/dnssec/denial_chain.hpp"

using namespace tacet;
using namespace tacet::fixture;

TEST_CASE("A bitmap has the types that it lists, in any window") {
  const Octets listed = type_bitmap_of("A NS CAA RRSIG NSEC TYPE65280");
  const TypeBitmap types(listed);
  for (const Type type : {Type::a, Type::ns, Type::rrsig, Type::nsec, Type{257}, Type{65280}}) CHECK(types.has(type));
  for (const Type type : {Type::aaaa, Type{256}, Type{258}, Type{1}, Type{65281}, Type{513}})
    CHECK(types.has(type) == (type == Type::a));
  CHECK(!types.is_bare());
  const Octets bare = type_bitmap_of("RRSIG NSEC");
  CHECK(TypeBitmap(bare).is_bare());
  CHECK(TypeBitmap().is_bare());
  const Octets far = type_bitmap_of("CAA");
  CHECK(!TypeBitmap(far).is_bare());
}

TEST_CASE("A broken window ends a bitmap") {
  for (const Octets& broken : {Octets{0}, Octets{0, 5, 0x40}, Octets{0, 1}}) {
    CHECK(!TypeBitmap(broken).has(Type::a));
    CHECK(TypeBitmap(broken).is_bare());
  }
  const Octets half{0, 1, 0x40, 1, 9, 0xFF};
  CHECK(TypeBitmap(half).has(Type::a));
  CHECK(!TypeBitmap(half).has(Type{256}));
}
