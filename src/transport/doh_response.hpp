#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tacet/message.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// What a server said over HTTP, before any of it is believed.
struct DohResponse {
  long status = 0;
  std::optional<std::string_view> media_type;  ///< Content-Type as it came; nothing without one
  std::vector<std::uint8_t> body;
};

/// The body of a response that is one of DNS over HTTPS: status 200 and application/dns-message (RFC 8484 §4.2). Else
/// Fault::protocol with what it was. Pure.
Result<std::vector<std::uint8_t>> doh_body(DohResponse response);

/// The question as it lies in a message: QNAME, QTYPE, QCLASS. Valid while `message` is.
Bytes question_of(const Message& message);

/// The answer in a body. `question` is what question_of() said of the query. Fault::malformed if it is no message,
/// Fault::mismatched if it is a query or answers another question; names compare without case (RFC 4343). Pure.
Result<Message> doh_answer(Bytes question, std::vector<std::uint8_t> body);

}  // namespace tacet
