#pragma once
#include <cstdint>

#include "base/log.hpp"

namespace tacet {

/// How a query is asked over HTTP (RFC 8484 §4.1): in the URL, or as the body.
enum class DohMethod : std::uint8_t { get, post };

constexpr DohMethod other_than(DohMethod method) { return method == DohMethod::get ? DohMethod::post : DohMethod::get; }

/// True if the other method may bring an answer where this one brought this status: 405 and 501; for a GET that its URI
/// is too long; for a POST what servers say that look for a query in the URL only.
constexpr bool refuses(DohMethod method, long status) {
  if (status == 405 || status == 501) return true;
  if (method == DohMethod::get) return status == 414;
  return status == 400 || status == 403 || status == 404 || status == 411 || status == 413 || status == 415;
}

/// How one server is asked, by all connections to it. By POST unless it refuses: then the size of a query tells nothing
/// but how many blocks it was padded to. The URL of a GET is written by HPACK in octets whose number varies with the
/// letters of the name (RFC 7541 §5.2).
struct DohMethodState {
  DohMethod method = DohMethod::post;
  log::RateLimit changes;  ///< of the method, as far as they are logged
};

}  // namespace tacet
