#pragma once
#include <cstdint>
#include <vector>

#include "tacet/message.hpp"

namespace tacet {

/// The RDATA of an RRSIG record (RFC 4034 §3.1). Views octets of its message.
struct Rrsig {
  static constexpr std::size_t fixed_size = 18;  ///< octets before the signer's name

  Type covered = Type::a;
  std::uint8_t algorithm = 0;
  std::uint8_t labels = 0;
  std::uint32_t original_ttl = 0;
  std::uint32_t expiration = 0, inception = 0;
  std::uint16_t key_tag = 0;
  Name signer;
  Bytes fixed;      ///< the octets before the signer's name
  Bytes signature;  ///< the octets behind it
};
/// Pre: `rdata` has the shape of an RRSIG record, and outlives the result.
Rrsig read_rrsig(Bytes rdata);

/// The records of an answer with one owner and one type, and the signatures that cover them. Views its message.
struct RRset {
  Name owner;
  Type type = Type::a;
  Section section = Section::answer;
  std::uint32_t ttl = 0;  ///< the least one
  Bytes message;
  std::vector<ResourceRecord> records;
  std::vector<Rrsig> signatures;

  Bytes rdata(const ResourceRecord& record) const { return message.subspan(record.rdata, record.rdata_size); }
};

/// The RRsets of class IN in the answer and authority sections, in the order of their first records. RRSIG records are
/// in the RRsets that they cover; those that cover none, or stand in another section, form RRsets of type RRSIG. Stops
/// behind ProofBudget::rrsets_of_an_answer: more are in no honest answer, and the rest counts as absent.
std::vector<RRset> rrsets_of(const Message& message);

}  // namespace tacet
