#include "base/ring.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tacet;

namespace {

struct Guest {
  std::string name;
  Ring<Guest>::Place place{*this};
};

}  // namespace

TEST_CASE("Who joins a ring first is its front until it leaves") {
  Ring<Guest> ring;
  CHECK(ring.empty());
  Guest a{"a"}, b{"b"}, c{"c"};
  for (Guest* guest : {&a, &b, &c}) guest->place.join(ring);
  CHECK(ring.front().name == "a");
  b.place.leave();
  CHECK(!b.place.taken());
  a.place.leave();
  CHECK(ring.front().name == "c");
  c.place.leave();
  CHECK(ring.empty());
}

TEST_CASE("Leaving a ring twice, or one that was never joined, changes nothing") {
  Ring<Guest> ring;
  Guest a{"a"}, stranger{"s"};
  a.place.join(ring);
  stranger.place.leave();
  CHECK(ring.front().name == "a");
  a.place.leave();
  a.place.leave();
  CHECK(ring.empty());
  a.place.join(ring);
  CHECK(ring.front().name == "a");
}

TEST_CASE("Who is destroyed has left the ring") {
  Ring<Guest> ring;
  Guest stays{"stays"};
  {
    Guest goes{"goes"};
    goes.place.join(ring);
    stays.place.join(ring);
  }
  CHECK(ring.front().name == "stays");
}
