#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tacet/message.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// A server's HTTP response, not yet checked.
struct DohResponse {
  long status = 0;
  std::optional<std::string_view> media_type;  ///< Content-Type as it came; nothing without one
  std::optional<std::string_view> age;         ///< Age as it came; nothing without one
  std::vector<std::uint8_t> body;
};

/// The body of a response that may be a DNS message, and its age in HTTP caches.
struct DohBody {
  std::vector<std::uint8_t> octets;
  std::uint32_t age = 0;  ///< seconds that its records have lived already (RFC 8484 §5.1)
  friend bool operator==(const DohBody&, const DohBody&) = default;
};

/// The seconds of an Age field (RFC 9111 §5.1): the first of a list; 0 if it is no number; at most 2^31. Pure.
std::uint32_t age_of(std::string_view field);

/// The body of a response that is one of DNS over HTTPS: any status 2xx and application/dns-message (RFC 8484 §4.2).
/// Else Fault::protocol with what it was, and what that means. Pure.
Result<DohBody> doh_body(DohResponse response);

/// The answer to `asked` in a body, as accept_answer() takes it, with TTLs less by the body's age. Faults are those of
/// accept_answer() and aged(). Pure.
Result<Message> doh_answer(const Question& asked, DohBody body);

}  // namespace tacet
