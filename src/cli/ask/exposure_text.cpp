#include "cli/ask/exposure_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "cli/ask/parsed_json.hpp"
#include "dns/ldns.hpp"

namespace tacet {
namespace {

constexpr std::size_t most_domains = 40;

std::string ago(const ParsedJson& json, const char* key) {
  if (json.at(key).is_null()) return "never";
  const auto seconds = static_cast<std::uint64_t>(json.at(key).get<double>());
  if (seconds < 60) return fmt::format("{} s ago", seconds);
  if (seconds < 3600) return fmt::format("{} min ago", seconds / 60);
  if (seconds < 86400) return fmt::format("{} h {} min ago", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{} d {} h ago", seconds / 86400, seconds / 3600 % 24);
}

/// Cells under each other, as wide as the widest of their column.
std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const auto& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format(" {:<{}} ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string padded_share(const ParsedJson& connection) {
  const auto answers = number(connection, "answers");
  if (answers == 0) return "no answer yet";
  return fmt::format("{} of {}", number(connection, "answers_padded"), answers);
}

/// The interface and the proxy of a connection.
std::string way(const ParsedJson& path) {
  const std::string interface = word(path, "interface");
  return path.at("proxy").is_null() ? interface : interface + ", " + word(path, "proxy");
}

bool has_proxy(const ParsedJson& connection) { return !connection.at("path").at("proxy").is_null(); }

std::string connections(const ParsedJson& report) {
  const ParsedJson& list = report.at("connections");
  if (list.empty()) return "Connections to upstreams: none was made yet.\n";
  std::vector<std::vector<std::string>> rows{
      {"TO", "BY", "NAME SENT IN CLEAR (SNI)", "TLS", "KEY EXCHANGE", "RESUMED", "PADDED ANSWERS", "WAY"}};
  for (const auto& one : list)
    rows.push_back({word(one, "address"), word(one, "transport"), word(one, "sni", "none"), word(one, "tls_version"),
                    word(one, "key_exchange"),
                    fmt::format("{} of {}", number(one, "resumptions"), number(one, "connections")), padded_share(one),
                    way(one.at("path"))});
  std::string text = "Connections to upstreams: every network on the path sees addresses, sizes and times.\n";
  text += table(rows);
  if (std::ranges::any_of(list, has_proxy))
    text += "  The network sees the proxy's address, and the proxy sees the upstream's address, sizes and times.\n";
  text += fmt::format("  Questions are padded to multiples of 128 octets. ECH of our own: {}.\n",
                      word(list.front(), "ech"));
  return text;
}

std::string plaintext(const ParsedJson& report) {
  const auto lookups = number(report, "plaintext_lookups");
  const auto zones = report.at("zones_in_clear").get<std::vector<std::string>>();
  std::string text;
  if (!zones.empty())
    text = fmt::format(
        "  Names in {} go to servers of the local network in clear (`forward`); they are not counted here.\n",
        fmt::join(zones, ", "));
  if (lookups == 0) return text + (zones.empty() ? "  Nothing" : "  Nothing else") + " was looked up in plaintext.\n";
  return text +
         fmt::format("  {} look-up{} of an upstream's name went out in plaintext; giving its addresses avoids that.\n",
                     lookups, lookups == 1 ? "" : "s");
}

std::string names(const ParsedJson& report) {
  if (word(report, "mode") == "off") return "Names: not kept (exposure: {mode: off}).\n";
  const ParsedJson& domains = report.at("domains");
  if (domains.empty()) return "Names: no program has asked for any yet.\n";
  std::vector<std::vector<std::string>> rows{{"DOMAIN", "QUERIES", "NAMES", "OFFER ECH", "DO NOT", "NOT KNOWN"}};
  for (std::size_t i = 0; i < std::min(domains.size(), most_domains); ++i) {
    const ParsedJson& domain = domains[i];
    const ParsedJson& states = domain.at("states");
    rows.push_back({word(domain, "domain"), std::to_string(number(domain, "queries")),
                    std::to_string(domain.at("names").size()), std::to_string(number(states, "ech")),
                    std::to_string(number(states, "no ech") + number(states, "no https record")),
                    std::to_string(number(states, "unknown"))});
  }
  std::string text = "Names that programs asked for: can a client that connects there hide the name?\n" + table(rows);
  if (domains.size() > most_domains)
    text += fmt::format("  … and {} more domains (all of them: --json)\n", domains.size() - most_domains);
  return text;
}

/// The names that offer ECH, by the programs that asked for them.
std::string by_asker(const ParsedJson& report) {
  const ParsedJson& offer = report.at("offer_ech");
  const auto hidden = number(offer, "asked_only_for_ech");
  const auto others = number(offer, "asked_otherwise");
  if (hidden == 0) return {};
  return fmt::format(
      "  Of those that offer ECH, {} came only from programs that ask tacet over HTTPS, and for the key: hidden by ECH "
      "if the\n  browser used it. {} came otherwise, too or only: shown if a program without ECH connected there.\n",
      hidden, others);
}

std::string going_past(const ParsedJson& report) {
  std::string text;
  for (const auto& one : report.at("going_past"))
    text += fmt::format(
        "  A program looked up {} ({}), which {} asks if its own secure DNS is on.\n"
        "  Its questions there go past tacet and past this list.\n",
        word(one, "server"), ago(one, "last_query_seconds"), word(one, "browsers"));
  return text;
}

std::string meaning(const ParsedJson& report) {
  if (report.at("domains").empty()) return {};
  const ParsedJson& states = report.at("states");
  const auto unknown = number(states, "unknown");
  std::string text = fmt::format(
      "  Of {} names, {} offer ECH: a client may hide them (tacet cannot see whether it does). {} do not:\n"
      "  a TLS connection to them shows the name to every network on the path. {} are not known, which is "
      "neither.\n",
      number(report, "names"), number(states, "ech"), number(states, "no ech") + number(states, "no https record"),
      unknown);
  text += by_asker(report) + going_past(report);
  if (unknown > 0 && word(report, "mode") == "passive")
    text +=
        "  Passive mode learns only from HTTPS records that programs ask for; with exposure: {mode: active} tacet asks "
        "itself.\n";
  return text + "  The address of a site is visible in any case. `--explain NAME` tells more of one name.\n";
}

std::vector<std::uint8_t> octets_of(const std::string& hex) {
  std::vector<std::uint8_t> octets;
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2)
    octets.push_back(static_cast<std::uint8_t>(std::stoul(hex.substr(at, 2), nullptr, 16)));
  return octets;
}

std::string record(const ParsedJson& name) {
  if (number(name, "record_octets") == 0) return {};
  if (name.at("record").is_null())
    return fmt::format("record     {} octets, too large to be kept\n", number(name, "record_octets"));
  const auto text = record_presentation(Type::https, octets_of(word(name, "record")));
  return fmt::format("record     {} HTTPS {}\n", word(name, "owner"),
                     text ? *text : "(cannot be printed: " + text.error().detail + ")");
}

/// How programs asked for a name.
std::string askers(const ParsedJson& name) {
  const auto over_https = number(name, "queries_over_https");
  if (over_https == 0) return {};
  return fmt::format("asked      {} times over HTTPS, {} for the key of ECH; {} times otherwise\n", over_https,
                     name.at("key_asked_over_https").get<bool>() ? "also" : "never",
                     number(name, "queries") - over_https);
}

std::string observer(const ParsedJson& name) {
  const std::string state = word(name, "state");
  if (state == "ech")
    return fmt::format(
        "observer   sees {} in place of this name if the client uses ECH, else the name; and the address\n"
        "to change  use a client with ECH (tacet cannot see whether yours used it)\n",
        word(name, "public_name"));
  if (state == "unknown")
    return "observer   not known: it may or may not be possible to hide this name\n"
           "to change  exposure: {mode: active} makes tacet ask for the HTTPS records of new names\n";
  return "observer   sees this name at the beginning of a TLS connection to it (SNI), and the address\n"
         "to change  only the site's operator can: by offering ECH in its HTTPS record\n";
}

std::string evidence(const ParsedJson& name) {
  if (name.at("evidence_seconds").is_null()) {
    if (!name.at("alias_of").is_null())
      return fmt::format("evidence   an alias of {}; the record of that name was not seen\n", word(name, "alias_of"));
    return name.at("asked_now").get<bool>() ? "evidence   asked just now; the answer is unusable\n"
                                            : "evidence   none: nobody asked for its HTTPS record\n";
  }
  const char* asker = word(name, "asked_by") == "client" ? "a program on this machine asked" : "tacet asked";
  return fmt::format("evidence   {}, {}; answered by {}\n", asker, ago(name, "evidence_seconds"),
                     word(name, "answered_by", "the cache"));
}

}  // namespace

std::string exposure_text(const ParsedJson& report) {
  return connections(report) + plaintext(report) + "\n" + names(report) + meaning(report);
}

std::string explanation_text(const ParsedJson& name) {
  std::string text =
      fmt::format("{}  (domain {})\nstate      {}\n", word(name, "name"), word(name, "domain"), word(name, "state"));
  text += fmt::format("queries    {}, last {}\n", number(name, "queries"), ago(name, "last_query_seconds"));
  text += askers(name);
  text += evidence(name) + record(name) + observer(name);
  for (const auto& sighting : name.at("history"))
    text += fmt::format("history    {}: first seen {}, last seen {}\n", word(sighting, "state"),
                        ago(sighting, "first_seconds"), ago(sighting, "last_seconds"));
  return text;
}

}  // namespace tacet
