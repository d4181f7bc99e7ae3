#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "dns/edns.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// What is sent: a kept answer and how old it is.
struct ReplySource {
  Bytes image;                                                 ///< AnswerImage::wire
  std::span<const std::uint16_t> ttl_offsets;                  ///< AnswerImage::ttl_offsets
  std::uint32_t age = 0;                                       ///< seconds since it came from upstream
  std::uint32_t min_ttl = 0;                                   ///< seconds; a TTL of 0 stays 0
  std::uint32_t max_ttl = 0x7FFFFFFF;                          ///< seconds; wins over min_ttl
  std::optional<std::uint32_t> fixed_ttl = std::nullopt;       ///< every TTL becomes this: 30 if stale (RFC 8767 §5.2)
  std::optional<std::uint16_t> extended_error = std::nullopt;  ///< INFO-CODE (RFC 8914)
  std::string_view extended_error_text = {};
};

/// To whom: the client's query octets, their index, and how large the reply may be.
struct ReplyRequest {
  Bytes query;
  const MessageIndex& index;
  std::size_t limit;  ///< octets: udp_limit(), or 65535 over TCP
};

/// What a client takes over UDP: 512 octets without EDNS, else what it advertises, but no less than 512 and no more
/// than safe_udp_size.
std::size_t udp_limit(const MessageIndex& query);

/// A TTL as a client sees it: clamped to [min_ttl, max_ttl] first, then the age taken off, never below 0; so a client's
/// copy expires when ours does.
std::uint32_t aged_ttl(std::uint32_t original, const ReplySource& source);

/// Copies a kept answer into `out` and fits it to the client: its ID, its question octets, its RD and CD; AD only if
/// the client set AD or DO (RFC 6840 §5.8); TTLs as aged_ttl() or fixed_ttl say; an OPT if it sent one. What is larger
/// than the limit loses the extended error's text, then the extended error, then all records but the first of the
/// answer that fit whole (TC set): a client without TCP lives on those (RFC 2181 §9 lets the others drop them). Never
/// allocates. The image's question must be the query's but for case. Returns the size; 0 if `out` (or the limit) cannot
/// even hold the question and OPT, or if image and query do not belong together.
std::size_t write_reply(const ReplySource& source, const ReplyRequest& request, std::span<std::uint8_t> out);

/// True if a reply says that records are missing (TC).
inline bool is_truncated(Bytes reply) { return reply.size() >= 4 && (load16(reply, 2) & flag::tc) != 0; }

/// Writes an answer without records that asks the client to come again over TCP (TC set). Returns the size; 0 if `out`
/// is too small.
std::size_t write_truncated(const ReplyRequest& request, std::span<std::uint8_t> out);

/// Writes an answer without records that was decided here, with `error` for clients that speak EDNS. An RCODE above 15
/// becomes SERVFAIL for one who does not. Returns the size; 0 if `out` is too small.
std::size_t write_error(const ReplyRequest& request, Rcode rcode, const std::optional<ExtendedError>& error,
                        std::span<std::uint8_t> out);

}  // namespace tacet
