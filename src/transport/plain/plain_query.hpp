#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "dns/answer_check.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// A plain server's answer, and the wording of the query that it answers.
struct PlainAnswer {
  Message message;
  bool asked_with_opt = false;
  TransportKind came_by = TransportKind::datagram;
};

/// A query for a plain server. It has no padding, which hides nothing here, and no AD, because a plain server's AD
/// proves nothing. It has two wordings, with and without OPT, each with its own ID, so that the ID of a late answer
/// tells its wording.
class PlainQuery {
public:
  /// `query` must have an OPT, which is its last record. The IDs must differ.
  PlainQuery(const Message& query, std::uint16_t id_with_opt, std::uint16_t id_without_opt);

  /// The octets to send.
  Bytes wire(bool with_opt) const { return with_opt ? Bytes(with_opt_) : Bytes(without_opt_); }

  /// Reads a server's reply with accept_answer(), and clears AD (RFC 4035 §4.9.3). Faults as accept_answer().
  Result<PlainAnswer> read(std::vector<std::uint8_t> octets, TransportKind transport_kind) const;

private:
  Question question_;
  std::vector<std::uint8_t> with_opt_, without_opt_;
};

}  // namespace tacet
