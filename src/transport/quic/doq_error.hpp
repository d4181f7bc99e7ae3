#pragma once
#include <cstdint>
#include <string>

namespace tacet {

/// Why a DNS over QUIC connection or stream ends (RFC 9250 §4.3).
enum class DoqError : std::uint64_t { none = 0, internal = 1, protocol = 2, request_cancelled = 3, excessive_load = 4 };

/// "DOQ_EXCESSIVE_LOAD", or "error 17" for a code that RFC 9250 does not define.
std::string doq_error_name(std::uint64_t code);

}  // namespace tacet
