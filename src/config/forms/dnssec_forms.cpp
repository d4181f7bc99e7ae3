#include "config/forms/dnssec_forms.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "base/text.hpp"
#include "config/forms/address_forms.hpp"
#include "config/forms/form.hpp"
#include "config/mapping.hpp"
#include "config/scalar.hpp"
#include "dns/dnssec_numbers.hpp"
#include "tacet/name.hpp"

namespace tacet {
namespace {

constexpr std::string_view record_allowed =
    "allowed: OWNER DS TAG ALGORITHM DIGEST-TYPE DIGEST, or the absolute path of a file with DS or DNSKEY records";
constexpr std::string_view day_allowed = "allowed: a day such as 2027-01-31";
constexpr std::string_view until_allowed = "a day such as 2027-01-31";

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  constexpr std::string_view space = " \t\r\n()";
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(space), text.size()));
    if (text.empty()) return words;
    words.push_back(text.substr(0, text.find_first_of(space)));
    text.remove_prefix(words.back().size());
  }
}

bool is_word(std::string_view word, std::string_view expected) { return lower_case(word) == expected; }

/// The octets of a digest of this type (RFC 3658, 4509, 6605); nothing for an unknown one.
std::optional<std::size_t> digest_octets(std::uint8_t type) {
  switch (type) {
    case 1:
      return 20;
    case 2:
      return 32;
    case 4:
      return 48;
    default:
      return std::nullopt;
  }
}

std::unexpected<Error> refuse(std::string_view text, std::string_view what) {
  return fail(Fault::invalid_config, fmt::format("{} {}, {}", quotation(text), what, record_allowed));
}

/// The number of a field; nothing if it is above `most` or no number.
std::optional<std::uint64_t> field(std::string_view word, std::uint64_t most) {
  const auto number = parse_number(word);
  return number && *number <= most ? number : std::nullopt;
}

Result<std::string> parse_record(std::string_view text) {
  auto words = words_of(text);
  if (words.size() < 2) return refuse(text, "is neither a DS record nor an absolute path");
  const auto owner = Name::from_text(words.front());
  if (!owner) return refuse(text, "has no owner name in front");
  words.erase(words.begin());
  while (!words.empty() && (parse_number(words.front()) || is_word(words.front(), "in"))) words.erase(words.begin());
  if (words.empty() || !is_word(words.front(), "ds")) return refuse(text, "is no DS record");
  if (words.size() < 5) return refuse(text, "lacks fields of a DS record");
  const auto tag = field(words[1], 65535);
  const auto algorithm = algorithm_from_text(words[2]), type = digest_type_from_text(words[3]);
  const auto octets = type ? digest_octets(*type) : std::nullopt;
  if (!tag || !algorithm) return refuse(text, "has a tag or an algorithm out of range");
  if (!octets) return refuse(text, "has a digest type that tacet does not know: it knows 1, 2 and 4");
  std::string digest;
  for (const auto part : std::span(words).subspan(4)) digest += part;
  std::ranges::transform(digest, digest.begin(), [](char c) { return c >= 'a' && c <= 'f' ? c - 'a' + 'A' : c; });
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); };
  if (!std::ranges::all_of(digest, is_hex) || digest.size() != 2 * *octets)
    return refuse(text, fmt::format("has a digest that is not {} hexadecimal digits", 2 * *octets));
  return fmt::format("{} DS {} {} {} {}", lower_case(owner->to_string()), *tag, *algorithm, *type, digest);
}

/// The text of a member, or nothing after a report.
const std::string* member_text(const Value& item, std::string_view name, std::string_view allowed) {
  const auto* node = item.node().find(name);
  if (node == nullptr) {
    item.member(name, item.node()).fault(fmt::format("is missing, allowed: {}", allowed));
    return nullptr;
  }
  return item.member(name, *node, std::string(allowed)).scalar();
}

void read_ignored(const Value& item, std::vector<IgnoredZone>& out) {
  constexpr std::array<std::string_view, 2> names{"zone", "until"};
  if (item.is(NodeKind::null)) return item.wrong("is no mapping");
  if (!has_members(item)) return;
  check_keys(item, names);
  const auto* zone_text = member_text(item, "zone", "the name of a zone, none twice");
  const auto* until_text = member_text(item, "until", until_allowed);
  if (zone_text == nullptr || until_text == nullptr) return;
  const auto zone = zone_but_root(*zone_text, " (`mode: off` ends all validation)");
  const auto until = parse_day(*until_text);
  if (!zone) item.member("zone", *item.node().find("zone")).fault(zone.error().detail);
  if (!until) item.member("until", *item.node().find("until")).fault(until.error().detail);
  if (!zone || !until) return;
  if (std::ranges::find(out, *zone, &IgnoredZone::zone) != out.end())
    item.member("zone", *item.node().find("zone")).fault(given_twice(*zone_text, "zone", *zone) + ", allowed: once");
  else
    out.push_back({*zone, *until});
}

}  // namespace

Result<std::string> parse_trust_anchor(std::string_view text) {
  if (!text.starts_with('/')) return parse_record(text);
  std::string path(text);
  if (path.size() > 4095 || path.find('\0') != std::string::npos) return refuse(text, "is no path of a file");
  if (const auto fault = unusable(path)) return refuse(text, *fault);
  return path;
}

Result<std::chrono::sys_days> parse_day(std::string_view text) {
  const bool shaped = text.size() == 10 && text[4] == '-' && text[7] == '-';
  const auto year = shaped ? parse_number(text.substr(0, 4)) : std::nullopt;
  const auto month = shaped ? parse_number(text.substr(5, 2)) : std::nullopt;
  const auto day = shaped ? parse_number(text.substr(8, 2)) : std::nullopt;
  if (year && month && day) {
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (date.ok()) return std::chrono::sys_days(date);
  }
  return fail(Fault::invalid_config, fmt::format("{} is no day, {}", quotation(text), day_allowed));
}

std::string day_text(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

void IgnoreForm::read(const Value& value, std::vector<IgnoredZone>& out) const {
  out.clear();
  for (const auto& item : value.items()) read_ignored(item, out);
}

std::string IgnoreForm::text(const std::vector<IgnoredZone>& zones) const {
  std::vector<std::string> texts;
  for (const IgnoredZone& each : zones)
    texts.push_back(fmt::format("{{zone: {}, until: {}}}", yaml_text(each.zone), day_text(each.until)));
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

std::vector<std::string> lapsed_remarks(const DnssecConfig& config, std::chrono::sys_days today) {
  std::vector<std::string> out;
  for (const IgnoredZone& each : config.ignore)
    if (each.until < today)
      out.push_back(fmt::format("dnssec.ignore: {} was ignored until {}: it is validated again", each.zone,
                                day_text(each.until)));
  return out;
}

}  // namespace tacet
