#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "dns/answer_check.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// A plain server's answer, and to which wording of the query it is one.
struct PlainAnswer {
  Message message;
  bool asked_with_opt = false;
};

/// A query as a plain server is asked it: without padding, which hides nothing here, and without AD, for a plain
/// server's word on that is not believed. It has two wordings, with OPT and without, each under an ID of its own, so
/// that a late answer shows what it is the answer to.
class PlainQuery {
public:
  /// `query` must have an OPT, which is its last record. The IDs must differ.
  PlainQuery(const Message& query, std::uint16_t id_with_opt, std::uint16_t id_without_opt);

  /// The octets to send.
  Bytes wire(bool with_opt) const { return with_opt ? Bytes(with_opt_) : Bytes(without_opt_); }

  /// Reads what a server sent: by accept_answer(), whose faults it has. AD is cleared (RFC 4035 §4.9.3).
  Result<PlainAnswer> read(std::vector<std::uint8_t> octets, TransportKind transport_kind) const;

private:
  Question question_;
  std::vector<std::uint8_t> with_opt_, without_opt_;
};

}  // namespace tacet
