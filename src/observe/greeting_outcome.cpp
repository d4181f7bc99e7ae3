#include "observe/greeting_outcome.hpp"

namespace tacet {

std::string_view to_string(GreetingOutcome outcome) {
  switch (outcome) {
    case GreetingOutcome::greeted:
      return "greeted";
    case GreetingOutcome::reset:
      return "reset after the greeting";
    case GreetingOutcome::silent:
      return "silence after the greeting";
    case GreetingOutcome::refused:
      return "a false answer to the greeting";
    case GreetingOutcome::dropped:
      return "no connection";
    case GreetingOutcome::closed:
      return "connections refused";
  }
  return "?";
}

std::optional<GreetingOutcome> greeting_outcome_of(Fault fault) {
  switch (fault) {
    case Fault::unreachable:
    case Fault::cancelled:
      return GreetingOutcome::reset;
    case Fault::timeout:
      return GreetingOutcome::silent;
    case Fault::tls_untrusted:
    case Fault::protocol:
      return GreetingOutcome::refused;
    default:
      return std::nullopt;
  }
}

}  // namespace tacet
