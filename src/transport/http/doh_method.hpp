#pragma once
#include <cstdint>

#include "base/log.hpp"

namespace tacet {

/// The HTTP method of a query (RFC 8484 §4.1): GET has it in the URL, POST in the body.
enum class DohMethod : std::uint8_t { get, post };

constexpr DohMethod other_than(DohMethod method) { return method == DohMethod::get ? DohMethod::post : DohMethod::get; }

/// True if the other method may bring an answer after this one brought this status: 405 and 501; for a GET 414 (the URI
/// is too long); for a POST the statuses of servers that look for a query in the URL only.
constexpr bool refuses(DohMethod method, long status) {
  if (status == 405 || status == 501) return true;
  if (method == DohMethod::get) return status == 414;
  return status == 400 || status == 403 || status == 404 || status == 411 || status == 413 || status == 415;
}

/// The method that all connections to one server use. It is POST unless the server refuses it: the size of a POST tells
/// only the number of padding blocks. The size of a GET also varies with the letters of the name, because HPACK
/// compresses the URL (RFC 7541 §5.2).
struct DohMethodState {
  DohMethod method = DohMethod::post;
  log::RateLimit changes;  ///< limits the log lines about changes of the method
};

}  // namespace tacet
