#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "dns/edns.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// What to send: a kept answer and its age.
struct ReplySource {
  Bytes image;                                                 ///< AnswerImage::wire
  std::span<const std::uint16_t> ttl_offsets;                  ///< AnswerImage::ttl_offsets
  std::uint32_t age = 0;                                       ///< seconds since it came from the upstream
  std::uint32_t min_ttl = 0;                                   ///< seconds; a TTL of 0 stays 0
  std::uint32_t max_ttl = 0x7FFFFFFF;                          ///< seconds; overrides min_ttl
  std::optional<std::uint32_t> fixed_ttl = std::nullopt;       ///< replaces every TTL: 30 if stale (RFC 8767 §5.2)
  std::optional<std::uint16_t> extended_error = std::nullopt;  ///< INFO-CODE (RFC 8914)
  std::string_view extended_error_text = {};
};

/// The client's side: its query octets, their index, and the largest reply.
struct ReplyRequest {
  Bytes query;
  const MessageIndex& index;
  std::size_t limit;  ///< octets: udp_limit(), or 65535 over TCP
};

/// The size that a client takes over UDP: 512 octets without EDNS; otherwise what it advertises, at least 512 and at
/// most safe_udp_size.
std::size_t udp_limit(const MessageIndex& query);

/// A TTL as a client sees it: clamped to [min_ttl, max_ttl] first, then reduced by the age, never below 0. So a
/// client's copy expires when ours does.
std::uint32_t aged_ttl(std::uint32_t original, const ReplySource& source);

/// Copies a kept answer into `out` and fits it to the client: its ID, question octets, RD and CD; AD only if the client
/// set AD or DO (RFC 6840 §5.8); TTLs by aged_ttl() or fixed_ttl; an OPT if the client sent one. If the reply exceeds
/// the limit, it loses the text of the extended error first, then the extended error, then all records except the first
/// ones of the answer that fit whole (TC set). A client without TCP lives on those; RFC 2181 §9 lets other clients
/// ignore them. Never allocates. The question of the image must equal the query's, apart from case. Returns the size; 0
/// if `out` (or the limit) cannot hold the question and OPT, or if image and query do not belong together.
std::size_t write_reply(const ReplySource& source, const ReplyRequest& request, std::span<std::uint8_t> out);

/// True if a reply says that records are missing (TC).
inline bool is_truncated(Bytes reply) { return reply.size() >= 4 && (load16(reply, 2) & flag::tc) != 0; }

/// Writes an answer without records that asks the client to repeat over TCP (TC set). Returns the size; 0 if `out` is
/// too small.
std::size_t write_truncated(const ReplyRequest& request, std::span<std::uint8_t> out);

/// Writes an answer without records that is decided here, with `error` for clients that speak EDNS. For other clients
/// an RCODE above 15 becomes SERVFAIL. Returns the size; 0 if `out` is too small.
std::size_t write_error(const ReplyRequest& request, Rcode rcode, const std::optional<ExtendedError>& error,
                        std::span<std::uint8_t> out);

}  // namespace tacet
