#include <doctest/doctest.h>
#include <unistd.h>

#include <fstream>

#include "resolve/cache/cache.hpp"
#include "unit/pool/resolve_fixture.hpp"

using namespace tacet;
using namespace tacet::fixture;

namespace {

/// Octets of this process in memory.
std::size_t resident() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0, pages = 0;
  statm >> size >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

TEST_CASE("One million names take at most 300 MiB, by the cache's account and by the kernel's" * doctest::skip()) {
  constexpr std::size_t limit = std::size_t{300} << 20;
  const std::size_t before = resident();
  Cache cache({.size = limit});
  for (int i = 0; i < 1000000; ++i) {
    const Question asked = question("host" + std::to_string(i) + ".example.com");
    cache.store(CacheKey(cache.seed(), asked, false, false), positive(asked, 300), Instant(24h));
  }
  CHECK(cache.statistics().entries == 1000000);
  CHECK(cache.statistics().evicted == 0);
  CHECK(cache.statistics().octets <= limit);
#ifndef __SANITIZE_ADDRESS__
  CHECK(resident() - before <= limit);
#endif
  MESSAGE("resident: ", (resident() - before) >> 20, " MiB, accounted: ", cache.statistics().octets >> 20, " MiB");
}
