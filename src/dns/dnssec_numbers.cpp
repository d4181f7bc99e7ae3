#include "dns/dnssec_numbers.hpp"

#include <algorithm>
#include <charconv>
#include <span>

#include "base/text.hpp"

namespace tacet {
namespace {

struct DnssecMnemonic {
  std::uint8_t value;
  std::string_view text;
};

// RSASHA1-NSEC3-SHA1 is the registry's, NSEC3RSASHA1 that of BIND's programs.
constexpr DnssecMnemonic algorithms[] = {
    {1, "RSAMD5"},           {3, "DSA"},       {5, "RSASHA1"},    {6, "DSA-NSEC3-SHA1"}, {7, "RSASHA1-NSEC3-SHA1"},
    {7, "NSEC3RSASHA1"},     {8, "RSASHA256"}, {10, "RSASHA512"}, {12, "ECC-GOST"},      {13, "ECDSAP256SHA256"},
    {14, "ECDSAP384SHA384"}, {15, "ED25519"},  {16, "ED448"},
};

constexpr DnssecMnemonic digests[] = {
    {1, "SHA-1"}, {1, "SHA1"}, {2, "SHA-256"}, {2, "SHA256"}, {4, "SHA-384"}, {4, "SHA384"},
};

std::optional<std::uint8_t> number_of(std::span<const DnssecMnemonic> table, std::string_view text) {
  const auto found =
      std::ranges::find_if(table, [&](const DnssecMnemonic& each) { return equal_folded(each.text, text); });
  if (found != table.end()) return found->value;
  std::uint8_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::uint8_t> algorithm_from_text(std::string_view text) { return number_of(algorithms, text); }
std::vector<std::string_view> algorithm_mnemonics() {
  std::vector<std::string_view> texts;
  for (const DnssecMnemonic& each : algorithms) texts.push_back(each.text);
  return texts;
}

std::optional<std::uint8_t> digest_type_from_text(std::string_view text) { return number_of(digests, text); }

}  // namespace tacet
