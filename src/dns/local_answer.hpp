#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "dns/answer_image.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// A record made here, its RDATA in wire form without compression.
struct LocalRecord {
  Name owner;
  Type type = Type::a;
  std::uint32_t ttl = 0;  ///< seconds
  std::vector<std::uint8_t> rdata;
};

LocalRecord a_record(const Name& owner, std::uint32_t ttl, std::span<const std::uint8_t, 4> address);
LocalRecord aaaa_record(const Name& owner, std::uint32_t ttl, std::span<const std::uint8_t, 16> address);
LocalRecord ptr_record(const Name& owner, std::uint32_t ttl, const Name& target);
LocalRecord ns_record(const Name& owner, std::uint32_t ttl, const Name& server);
LocalRecord cname_record(const Name& owner, std::uint32_t ttl, const Name& target);
/// Holds the text in as many character-strings (at most 255 octets each) as it needs.
LocalRecord txt_record(const Name& owner, std::uint32_t ttl, std::string_view text);

/// The SOA that an empty local zone answers with (RFC 6303 §3): MNAME the zone itself, RNAME nobody.invalid., serial 1,
/// refresh 3600, retry 1200, expire 604800, minimum and TTL 10800 seconds.
LocalRecord local_zone_soa(const Name& zone);

/// The image of an answer by authority of this machine. AA is set, except in a refusal, which says nothing about the
/// name. The class is the question's, the records are as given. Its `ttl` is the lowest of the records'; 0 without
/// records.
AnswerImage local_answer(const Question& question, Rcode rcode, std::span<const LocalRecord> answers,
                         const std::optional<LocalRecord>& authority = std::nullopt);

}  // namespace tacet
