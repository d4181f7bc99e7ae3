#include <algorithm>

#include "base/text.hpp"
#include "base/whole_number.hpp"
#include "dns/mnemonic.hpp"
#include "tacet/message.hpp"

namespace tacet {
namespace {

constexpr Mnemonic types[] = {
    {1, "A"},      {2, "NS"},       {3, "MD"},          {4, "MF"},      {5, "CNAME"},   {6, "SOA"},
    {7, "MB"},     {8, "MG"},       {9, "MR"},          {12, "PTR"},    {13, "HINFO"},  {14, "MINFO"},
    {15, "MX"},    {16, "TXT"},     {17, "RP"},         {18, "AFSDB"},  {21, "RT"},     {24, "SIG"},
    {25, "KEY"},   {26, "PX"},      {28, "AAAA"},       {29, "LOC"},    {30, "NXT"},    {33, "SRV"},
    {35, "NAPTR"}, {36, "KX"},      {37, "CERT"},       {39, "DNAME"},  {41, "OPT"},    {42, "APL"},
    {43, "DS"},    {44, "SSHFP"},   {45, "IPSECKEY"},   {46, "RRSIG"},  {47, "NSEC"},   {48, "DNSKEY"},
    {49, "DHCID"}, {50, "NSEC3"},   {51, "NSEC3PARAM"}, {52, "TLSA"},   {53, "SMIMEA"}, {55, "HIP"},
    {59, "CDS"},   {60, "CDNSKEY"}, {61, "OPENPGPKEY"}, {62, "CSYNC"},  {63, "ZONEMD"}, {64, "SVCB"},
    {65, "HTTPS"}, {99, "SPF"},     {108, "EUI48"},     {109, "EUI64"}, {249, "TKEY"},  {250, "TSIG"},
    {251, "IXFR"}, {252, "AXFR"},   {253, "MAILB"},     {254, "MAILA"}, {255, "ANY"},   {256, "URI"},
    {257, "CAA"},
};

constexpr Mnemonic rcodes[] = {
    {0, "NOERROR"},  {1, "FORMERR"},  {2, "SERVFAIL"},   {3, "NXDOMAIN"}, {4, "NOTIMP"},
    {5, "REFUSED"},  {6, "YXDOMAIN"}, {7, "YXRRSET"},    {8, "NXRRSET"},  {9, "NOTAUTH"},
    {10, "NOTZONE"}, {16, "BADVERS"}, {23, "BADCOOKIE"},
};

std::string text_of(std::span<const Mnemonic> table, std::uint16_t value, std::string_view prefix) {
  const auto found = std::ranges::find(table, value, &Mnemonic::value);
  if (found != table.end()) return std::string(found->text);
  return std::string(prefix) + std::to_string(value);
}

}  // namespace

std::string to_string(Rcode rcode) { return text_of(rcodes, static_cast<std::uint16_t>(rcode), "RCODE"); }
std::string to_string(Type type) { return text_of(types, static_cast<std::uint16_t>(type), "TYPE"); }

std::optional<Type> type_from_text(std::string_view text) {
  constexpr std::string_view generic = "TYPE";
  if (const auto named = number_of(types, text)) return static_cast<Type>(*named);
  if (!equal_folded(text.substr(0, generic.size()), generic)) return std::nullopt;
  const auto value = whole_number<std::uint16_t>(text.substr(generic.size()));
  return value ? std::optional(static_cast<Type>(*value)) : std::nullopt;
}

}  // namespace tacet
