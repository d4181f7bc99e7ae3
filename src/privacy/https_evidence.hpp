#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tacet/message.hpp"

namespace tacet {

/// What is known of the chance that a name stays hidden when a client connects to it.
enum class EchState : std::uint8_t {
  unknown,   ///< no question for its HTTPS record was asked, or its answer was unusable
  no_https,  ///< it has no HTTPS record
  no_ech,    ///< it has one without an ECH configuration
  ech,       ///< its HTTPS record offers ECH; whether a client uses ECH cannot be seen
};
inline constexpr std::size_t ech_state_count = 4;
/// "unknown", "no https record", "no ech", "ech".
std::string_view to_string(EchState state);

/// What one answer to a type-65 question says about the name in the question.
struct HttpsEvidence {
  EchState state = EchState::unknown;
  bool malformed = false;           ///< unknown because the record breaks its rules or is of an unknown kind
  std::string public_name;          ///< for ech: the outer name, which an observer sees in place of the real one
  std::optional<Name> alias;        ///< unknown because the record points to this name, which has no record here
  Name owner;                       ///< the owner of the record, behind CNAMEs and aliases
  std::vector<std::uint8_t> rdata;  ///< of the record that decided; empty if there is none
};

/// Reads an answer to a type-65 question. Follows CNAMEs and AliasMode (RFC 9460 §2.4.2) inside the message. A name
/// counts as `ech` only if all its records have an ECH configuration of a known version (RFC 9849), because a client
/// may use any of them. Trusts nothing: a malformed answer, or a refusal, leaves the state unknown.
HttpsEvidence read_https_evidence(Bytes wire);

}  // namespace tacet
