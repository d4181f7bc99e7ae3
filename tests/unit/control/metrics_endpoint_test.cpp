#include "control/metrics_endpoint.hpp"

#include <doctest/doctest.h>

namespace tacet {

TEST_CASE("hosts that name this machine are ours, with or without a port, and no other is") {
  for (const auto* host : {"localhost", "localhost:9153", "LocalHost", "127.0.0.1", "127.0.0.1:9153", "127.1.2.3:80",
                           "[::1]", "[::1]:9153"})
    CHECK_MESSAGE(is_own_host(host, {}), host);
  for (const auto* host :
       {"", "www.example.com", "www.example.com:9153", "localhost.example.com", "127.0.0.1.example.com",
        "192.168.1.1:9153", "[::2]:9153", "[::1", "[]", ":9153", "0.0.0.0", "127.1", "::1:1"})
    CHECK_FALSE_MESSAGE(is_own_host(host, {}), host);
}

}  // namespace tacet
