#include "dnssec/trust_anchors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>

#include "base/digits.hpp"
#include "base/text.hpp"
#include "base/whole_number.hpp"
#include "dns/dnssec_numbers.hpp"
#include "dnssec/canonical.hpp"
#include "dnssec/record_texts.hpp"

namespace tacet {
namespace {

constexpr std::uint8_t sha256 = 2;

std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text) {
  constexpr Digits digits("0123456789abcdef", 4);
  return digits.decode(lower_case(text));
}

std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text) {
  constexpr Digits digits("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 6);
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return digits.decode(text);
}

/// Joins the words of a digest or a key, which may be written in groups.
std::string joined(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) text += word;
  return text;
}

/// The three numbers at the front of the RDATA of both types. Algorithms and digests may have names (RFC 4034 §2.2,
/// §5.3).
struct Front {
  std::uint16_t first;
  std::uint8_t second, third;
};
std::optional<Front> front_of(Type type, std::span<const std::string_view> words) {
  if (words.size() < 4) return std::nullopt;
  const auto first = whole_number<std::uint16_t>(words[0]);
  const auto second = type == Type::ds ? algorithm_from_text(words[1]) : whole_number<std::uint8_t>(words[1]);
  const auto third = type == Type::ds ? digest_type_from_text(words[2]) : algorithm_from_text(words[2]);
  if (!first || !second || !third) return std::nullopt;
  return Front{*first, *second, *third};
}

std::size_t digest_size(std::uint8_t digest_type) { return digest_of(digest_type, {}).size(); }

Result<Ds> ds_from(std::span<const std::string_view> words) {
  const auto front = front_of(Type::ds, words);
  auto digest = front ? from_hex(joined(words.subspan(3))) : std::nullopt;
  if (!front || !digest)
    return fail(Fault::invalid_config,
                "a DS record has a key tag, an algorithm, a digest type and a digest in hexadecimal");
  if (!knows_algorithm(front->second))
    return fail(Fault::invalid_config,
                fmt::format("algorithm {} is not supported; use 8, 10, 13, 14, 15 or 16", front->second));
  if (!knows_digest(front->third))
    return fail(Fault::invalid_config,
                fmt::format("digest type {} is not supported; use 2 (SHA-256) or 4 (SHA-384)", front->third));
  if (digest->size() != digest_size(front->third))
    return fail(Fault::invalid_config, fmt::format("a digest of type {} has {} octets, but {} are given", front->third,
                                                   digest_size(front->third), digest->size()));
  return Ds{front->first, front->second, front->third, std::move(*digest)};
}

Result<Ds> ds_of_key(const Name& owner, std::span<const std::string_view> words) {
  const auto front = front_of(Type::dnskey, words);
  const auto key = front ? from_base64(joined(words.subspan(3))) : std::nullopt;
  if (!front || !key)
    return fail(Fault::invalid_config, "a DNSKEY record has flags, 3, an algorithm and a key in Base64");
  std::vector<std::uint8_t> rdata{static_cast<std::uint8_t>(front->first >> 8), static_cast<std::uint8_t>(front->first),
                                  front->second, front->third};
  rdata.insert(rdata.end(), key->begin(), key->end());
  const Dnskey dnskey = read_dnskey(rdata);
  if (!dnskey.may_sign())
    return fail(Fault::invalid_config, "this key may not sign: its flags are 256 or 257, and its protocol is 3");
  if (!PublicKey::from(dnskey.algorithm, dnskey.public_key()))
    return fail(Fault::invalid_config, fmt::format("this is no usable key of algorithm {}", dnskey.algorithm));
  const Name lower = canonical(owner);
  std::vector<std::uint8_t> data(lower.wire().begin(), lower.wire().end());
  data.insert(data.end(), rdata.begin(), rdata.end());
  return Ds{dnskey.tag(), dnskey.algorithm, sha256, digest_of(sha256, data)};
}

bool is_class_or_ttl(std::string_view word) {
  return equal_folded(word, std::string_view("IN")) || whole_number<std::uint32_t>(word).has_value();
}

/// True for the first word of a file that is part of BIND's configuration, such as bind.keys.
bool is_of_bind(std::string_view word) {
  return word.starts_with('#') || word.starts_with("//") || word.starts_with("/*") || word == "trust-anchors" ||
         word == "managed-keys" || word == "trusted-keys";
}

/// unbound keeps keys in its file that it does not trust: those that are seen for less than a month, and revoked ones.
/// It says so in a comment (RFC 5011 §4.2; its numbers are 1 AddPend, 2 Valid, 3 Missing, 4 Revoked, 5 Removed).
bool is_trusted(std::string_view comment) {
  constexpr std::string_view mark = ";state=";
  const std::size_t at = comment.find(mark);
  if (at == std::string_view::npos) return true;
  const std::string_view state = comment.substr(at + mark.size(), 1);
  return state == "2" || state == "3";
}

Result<TrustAnchor> read_anchor(std::span<const std::string_view> words) {
  if (is_of_bind(words[0]))
    return fail(Fault::invalid_config,
                "this is BIND's syntax; give its keys as records, such as \". DS 20326 8 2 E06D…\"");
  const auto owner = Name::from_text(words[0]);
  if (!owner) return fail(Fault::invalid_config, "a record begins with the name of its zone");
  words = words.subspan(1);
  while (!words.empty() && is_class_or_ttl(words[0])) words = words.subspan(1);
  const auto type = words.empty() ? std::nullopt : type_from_text(words[0]);
  if (type != Type::ds && type != Type::dnskey)
    return fail(Fault::invalid_config, "a trust anchor is a DS or a DNSKEY record, such as \". DS 20326 8 2 E06D…\"");
  words = words.subspan(1);
  Result<Ds> ds = type == Type::ds ? ds_from(words) : ds_of_key(*owner, words);
  if (!ds) return fail(std::move(ds.error()));
  return TrustAnchor{*owner, std::move(*ds)};
}

}  // namespace

std::vector<TrustAnchor> root_anchors() {
  return read_trust_anchors(
             ". DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n"
             ". DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16\n")
      .value();
}

Result<std::vector<TrustAnchor>> read_trust_anchors(std::string_view text) {
  std::vector<TrustAnchor> anchors;
  for (const RecordText& record : record_texts(text)) {
    if (!is_trusted(record.comment)) continue;
    Result<TrustAnchor> anchor = read_anchor(record.words);
    if (!anchor) return fail(Fault::invalid_config, fmt::format("line {}: {}", record.line, anchor.error().detail));
    anchors.push_back(std::move(*anchor));
  }
  if (anchors.empty()) return fail(Fault::invalid_config, "no DS or DNSKEY record is in it");
  return anchors;
}

std::vector<TrustAnchor> with_root_anchors(std::vector<TrustAnchor> given) {
  if (std::ranges::any_of(given, [](const TrustAnchor& anchor) { return anchor.owner.is_root(); })) return given;
  std::ranges::move(root_anchors(), std::back_inserter(given));
  return given;
}

}  // namespace tacet
