#pragma once
#include <cstdint>

namespace tacet {

/// How a query is asked over HTTP (RFC 8484 §4.1): in the URL, or as the body.
enum class DohMethod : std::uint8_t { get, post };

constexpr DohMethod other_than(DohMethod method) { return method == DohMethod::get ? DohMethod::post : DohMethod::get; }

/// True if the server says by this status that it wants to be asked by the other method: 405 and 501, and for a GET
/// that its URI is too long (414).
constexpr bool refuses(DohMethod method, long status) {
  return status == 405 || status == 501 || (status == 414 && method == DohMethod::get);
}

}  // namespace tacet
