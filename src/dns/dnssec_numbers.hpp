#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tacet {

/// The number of a signature algorithm, as a number or by its mnemonic in the IANA registry, in any case: "13",
/// "ECDSAP256SHA256". Nothing for other texts.
std::optional<std::uint8_t> algorithm_from_text(std::string_view text);

/// All these mnemonics, in upper case.
std::vector<std::string_view> algorithm_mnemonics();

/// The number of the digest of a DS record: "2", "SHA-256"; also "SHA256", as some programs write it.
std::optional<std::uint8_t> digest_type_from_text(std::string_view text);

}  // namespace tacet
