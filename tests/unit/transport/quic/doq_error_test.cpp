#include "transport/quic/doq_error.hpp"

#include <doctest/doctest.h>

namespace tacet {

TEST_CASE("The error codes of DNS over QUIC have the names of RFC 9250") {
  CHECK(doq_error_name(0) == "DOQ_NO_ERROR");
  CHECK(doq_error_name(2) == "DOQ_PROTOCOL_ERROR");
  CHECK(doq_error_name(3) == "DOQ_REQUEST_CANCELLED");
  CHECK(doq_error_name(4) == "DOQ_EXCESSIVE_LOAD");
  CHECK(doq_error_name(0xd098ea5e) == "error 3499682398");
}

}  // namespace tacet
