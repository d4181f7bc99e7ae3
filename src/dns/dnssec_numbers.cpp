#include "dns/dnssec_numbers.hpp"

#include <span>

#include "base/whole_number.hpp"
#include "dns/mnemonic.hpp"

namespace tacet {
namespace {

// RSASHA1-NSEC3-SHA1 is the registry's, NSEC3RSASHA1 that of BIND's programs.
constexpr Mnemonic algorithms[] = {
    {1, "RSAMD5"},           {3, "DSA"},       {5, "RSASHA1"},    {6, "DSA-NSEC3-SHA1"}, {7, "RSASHA1-NSEC3-SHA1"},
    {7, "NSEC3RSASHA1"},     {8, "RSASHA256"}, {10, "RSASHA512"}, {12, "ECC-GOST"},      {13, "ECDSAP256SHA256"},
    {14, "ECDSAP384SHA384"}, {15, "ED25519"},  {16, "ED448"},
};

constexpr Mnemonic digests[] = {
    {1, "SHA-1"}, {1, "SHA1"}, {2, "SHA-256"}, {2, "SHA256"}, {4, "SHA-384"}, {4, "SHA384"},
};

/// All numbers of these tables fit.
std::optional<std::uint8_t> number_or_name(std::span<const Mnemonic> table, std::string_view text) {
  const auto named = number_of(table, text);
  return named ? std::optional(static_cast<std::uint8_t>(*named)) : whole_number<std::uint8_t>(text);
}

}  // namespace

std::optional<std::uint8_t> algorithm_from_text(std::string_view text) { return number_or_name(algorithms, text); }
std::vector<std::string_view> algorithm_mnemonics() {
  std::vector<std::string_view> texts;
  for (const Mnemonic& each : algorithms) texts.push_back(each.text);
  return texts;
}

std::optional<std::uint8_t> digest_type_from_text(std::string_view text) { return number_or_name(digests, text); }

}  // namespace tacet
