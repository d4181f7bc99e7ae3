#include "transport/quic/doq_error.hpp"

#include <fmt/format.h>

namespace tacet {

std::string doq_error_name(std::uint64_t code) {
  switch (static_cast<DoqError>(code)) {
    case DoqError::none:
      return "DOQ_NO_ERROR";
    case DoqError::internal:
      return "DOQ_INTERNAL_ERROR";
    case DoqError::protocol:
      return "DOQ_PROTOCOL_ERROR";
    case DoqError::request_cancelled:
      return "DOQ_REQUEST_CANCELLED";
    case DoqError::excessive_load:
      return "DOQ_EXCESSIVE_LOAD";
  }
  return fmt::format("error {}", code);
}

}  // namespace tacet
