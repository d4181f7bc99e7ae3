#include "config/forms/patterns.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "config/url.hpp"
#include "dns/dnssec_numbers.hpp"

namespace tacet::patterns {
namespace {

std::string whole(std::string_view part) { return fmt::format("^(?:{})$", part); }

std::string digits(std::size_t count) { return count == 0 ? "" : fmt::format("[0-9]{{{}}}", count); }

/// Numbers with as many digits as both limits, from `least` to `most`: a part for each place where they begin to
/// differ.
void add_ranges(const std::string& least, const std::string& most, std::vector<std::string>& out) {
  const auto at = static_cast<std::size_t>(std::ranges::mismatch(least, most).in1 - least.begin());
  if (at == least.size()) {
    out.push_back(least);
    return;
  }
  const auto rest = least.size() - at - 1;
  const auto start = least.substr(0, at);
  char first = least[at];
  char last = most[at];
  // A limit that is not all 0 or all 9 behind this place needs parts of its own.
  if (least.find_first_not_of('0', at + 1) != std::string::npos)
    add_ranges(least, start + first++ + std::string(rest, '9'), out);
  std::vector<std::string> above;
  if (most.find_first_not_of('9', at + 1) != std::string::npos)
    add_ranges(start + last-- + std::string(rest, '0'), most, above);
  if (first < last) out.push_back(fmt::format("{}[{}-{}]{}", start, first, last, digits(rest)));
  if (first == last) out.push_back(start + first + digits(rest));
  std::ranges::move(above, std::back_inserter(out));
}

std::string in_range(std::uint64_t least, std::uint64_t most) {
  std::vector<std::string> parts;
  std::uint64_t from = least;
  while (from <= most) {
    const auto width = std::to_string(from).size();
    std::uint64_t longest = 0;
    for (std::size_t i = 0; i < width; ++i) longest = longest * 10 + 9;
    const auto to = std::min(longest, most);
    add_ranges(std::to_string(from), std::to_string(to), parts);
    if (to == most) break;
    from = to + 1;
  }
  return fmt::format("0*(?:{})", fmt::join(parts, "|"));
}

constexpr std::string_view v4_octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
constexpr std::string_view group = "[0-9a-fA-F]{1,4}";
/// What may follow an address.
constexpr std::string_view address_end = "(?=[%/\\]:]|$)";

std::string v4() { return fmt::format("{0}(?:\\.{0}){{3}}", v4_octet); }

/// Every spelling of RFC 4291 §2.2.
std::string v6() {
  std::vector<std::string> forms{fmt::format("(?:{0}:){{7}}{0}", group), fmt::format("(?:{}:){{6}}{}", group, v4()),
                                 fmt::format("(?:{}:){{1,7}}:", group), fmt::format(":(?:(?::{}){{1,7}}|:)", group),
                                 fmt::format("::(?:{}:){{0,5}}{}", group, v4())};
  for (int behind = 1; behind <= 6; ++behind)
    forms.push_back(fmt::format("(?:{0}:){{1,{1}}}(?::{0}){{{2}}}", group, 7 - behind, behind));
  for (int before = 1; before <= 5; ++before)
    forms.push_back(fmt::format("(?:{0}:){{{1}}}:(?:{0}:){{0,{2}}}{3}", group, before, 5 - before, v4()));
  return fmt::format("(?:{})", fmt::join(forms, "|"));
}

constexpr std::string_view link_local = "[fF][eE][89abAB][0-9a-fA-F]:";
constexpr std::string_view interface_name = "%(?!\\.{1,2}(?:[\\]/]|$))[!#$&-.0-9;-Z\\\\^-~]{1,15}";
/// Not the unspecified, the broadcast or a multicast address.
constexpr std::string_view one_v4 =
    "(?!0\\.0\\.0\\.0(?:[:\\]/?{]|$)|255\\.255\\.255\\.255(?:[:\\]/?{]|$)|2(?:2[4-9]|3[0-9])\\.)";
constexpr std::string_view one_v6 = "(?![0:]+(?:0\\.0\\.0\\.0)?(?:[%\\]]|$)|[fF]{2}[0-9a-fA-F]{2}:)";

/// An IPv6 address; a link-local one has the interface that it needs, and no other has one.
std::string host_v6(std::string_view kind, std::string_view interface = interface_name) {
  return fmt::format("{0}(?:(?={1})(?=[^%]*%)|(?!{1})(?!.*%)){2}(?:{3})?", kind, link_local, v6(), interface);
}

std::string port() { return fmt::format("(?::{})", in_range(1, 65535)); }

std::string socket_address(std::string_view kind_v4, std::string_view kind_v6) {
  // Brackets stand on both sides or on none; a port stands behind them.
  return fmt::format("{0}{1}{2}?|(?:\\[(?=[^\\]]*\\])|(?!.*\\])){3}(?:\\]{2}?)?", kind_v4, v4(), port(),
                     host_v6(kind_v6));
}

/// A word in any case.
std::string caseless(std::string_view word) {
  std::string out;
  for (const char c : word) {
    const bool letter = c >= 'a' && c <= 'z';
    if (letter)
      out += fmt::format("[{}{}]", c, static_cast<char>(c - 0x20));
    else
      out += c == '.' ? "\\." : std::string(1, c);
  }
  return out;
}

/// A host name: labels of letters, digits and inner hyphens, the last not of digits only.
std::string host_name() {
  constexpr std::string_view label = "[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?";
  return fmt::format("(?=[0-9A-Za-z.-]{{1,253}}\\.?(?:[:/?{{]|$))(?:{0}\\.)*(?![0-9]+\\.?(?:[:/?{{]|$)){0}\\.?", label);
}

std::string authority() {
  constexpr std::string_view in_url = "%(?:25(?!\\]))?(?!\\.{1,2}\\])[!$&-.0-9;-<=>A-Z\\\\^-z|}~]{1,15}";
  return fmt::format("(?:{}{}(?=[:/?{{]|$)|\\[{}\\]|{}){}?", one_v4, v4(), host_v6(one_v6, in_url), host_name(),
                     port());
}

constexpr std::string_view zone_character = "[^\\u0000-\\u002c./\\u003a-\\u0040\\u005b-\\u005e\\u0060\\u007b-\\u00a0]";
constexpr std::string_view reverse_character = "[0-9A-Za-z_/-]";

std::string reverse_v4() {
  constexpr std::string_view octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\\.";
  const auto labels = fmt::format("(?:{}{{1,63}}\\.)", reverse_character);
  return fmt::format("(?:(?:{0}){{1,3}}|{1}+(?:{0}){{3}}|{1}*_{2}{{0,62}}\\.(?:{0}){{0,2}}){3}", octet, labels,
                     reverse_character, caseless("in-addr.arpa"));
}

std::string reverse_v6() {
  return fmt::format("(?:(?:[0-9a-fA-F]\\.)+|(?:{0}{{1,63}}\\.)*_{0}{{0,62}}\\.(?:[0-9a-fA-F]\\.)*){1}",
                     "[0-9A-Za-z_-]", caseless("ip6.arpa"));
}

/// The name of a zone, without a star.
std::string zone_name() {
  const auto label = fmt::format("{}{{1,63}}", zone_character);
  const auto arpa = fmt::format("(?:{}|{})", caseless("in-addr.arpa"), caseless("ip6.arpa"));
  return fmt::format(
      "(?![\\u0021-\\u007e]{{255}})(?![\\u0021-\\u007e]{{253}}[^.])(?:{0}|{1}|(?!(?:.*\\.){2}\\."
      "?$)(?:{3}\\.)*(?![0-9]+\\.?$){3})\\.?",
      reverse_v4(), reverse_v6(), arpa, label);
}

}  // namespace

std::string number(std::uint64_t least, std::uint64_t most) { return whole(in_range(least, most)); }

std::string size(std::uint64_t least, std::uint64_t most, bool zero) {
  constexpr std::uint64_t kib = 1U << 10;
  std::vector<std::string> forms{in_range(least, most)};
  std::uint64_t unit = kib;
  for (const auto* name : {"KiB", "MiB", "GiB"}) {
    forms.push_back(in_range(std::max<std::uint64_t>(1, (least + unit - 1) / unit), most / unit) + name);
    unit *= kib;
  }
  if (zero) forms.emplace_back("0+(?:[KMG]iB)?");
  return whole(fmt::format("{}", fmt::join(forms, "|")));
}

constexpr std::string_view printable = "[^\\u0000-\\u001f\\u007f-\\u009f]";

std::string text() { return whole(fmt::format("{}*", printable)); }

std::string path(std::span<const std::string_view> words, bool empty) {
  std::string out = empty ? "|" : "";
  for (const auto word : words) out += fmt::format("{}|", word);
  return whole(fmt::format("{}/{}*[^/\\u0000-\\u001f\\u007f-\\u009f]", out, printable));
}

std::string machine_address() { return whole(fmt::format("{}{}|{}", one_v4, v4(), host_v6(one_v6))); }
std::string listen_address() { return whole(socket_address("", "")); }
std::string server_address() { return whole(socket_address(one_v4, one_v6)); }

std::string loopback_address() {
  const auto one = fmt::format("(?={}{})(?:[0:]*:|)(?:0{{0,3}}1|0\\.0\\.0\\.1)", v6(), address_end);
  return whole(fmt::format("|(?=127\\.){0}{1}?|{2}|\\[{2}\\]{1}?", v4(), port(), one));
}

std::string prefix() {
  return whole(fmt::format("{0}(?:/{1})?|(?!{2}){3}(?:/{4})?|(?={2}){3}(?:/{4}|{5}(?:/{4})?)", v4(), in_range(0, 32),
                           link_local, v6(), in_range(0, 128), interface_name));
}

std::string zone() { return whole("(?:\\*\\.)?" + zone_name()); }
std::string machine_name() { return whole(zone_name()); }

std::string interface() { return whole("(?!lo$)" + std::string(interface_name.substr(1))); }

std::string proxy_url() {
  constexpr std::string_view coded = "%(?![01]|7[fF])[0-9a-fA-F]{2}";
  const auto credentials = [&](std::string_view colon) {
    return fmt::format(
        "(?:(?!\\*{{3}}@)(?:[^\\u0000-\\u001f\\u007f:%]|{0}{1})+(?::(?:[^\\u0000-\\u001f\\u007f%]|{1})*)?@)?", colon,
        coded);
  };
  const auto server = fmt::format("(?:localhost|{}{}|\\[{}\\]){}/?", one_v4, v4(), host_v6(one_v6), port());
  return whole(fmt::format("none|{}://{}{}|{}://{}{}", caseless("socks5"), credentials(""), server, caseless("http"),
                           credentials("(?!%3[aA])"), server));
}

std::string trust_anchor() {
  constexpr std::string_view space = "[ \\t\\r\\n()]", label = "[^ \\t\\r\\n().\\\\]{1,63}";
  const auto digest = [&](int type, std::string_view bits, int digits) {
    return fmt::format("(?:0*{}|{}-?{}){}+(?:[0-9a-fA-F]{}*){{{}}}", type, caseless("sha"), bits, space, space, digits);
  };
  std::string algorithm = in_range(0, 255);
  for (const std::string_view mnemonic : algorithm_mnemonics()) algorithm += "|" + caseless(lower_case(mnemonic));
  return whole(fmt::format(
      "/{0}*[^/\\u0000-\\u001f\\u007f-\\u009f]|{1}*(?:\\.|{2}(?:\\.{2})*\\.?){1}+(?:(?:[0-9]+|[Ii][Nn]){1}+)*"
      "[Dd][Ss]{1}+{3}{1}+(?:{4}){1}+(?:{5}|{6}|{7})",
      printable, space, label, in_range(0, 65535), algorithm, digest(1, "1", 40), digest(2, "256", 64),
      digest(4, "384", 96)));
}

std::string upstream_url() {
  constexpr std::string_view in_url = "[!$-;=?-\\[\\]_a-z~]";
  const std::string quic = quic_is_built_in() ? fmt::format("|{}://{}", caseless("quic"), authority()) : std::string();
  return whole(fmt::format("{}://{}(?:[/?]{}*)?(?:\\{{\\?dns\\}})?|{}://{}{}", caseless("https"), authority(), in_url,
                           caseless("tls"), authority(), quic));
}

}  // namespace tacet::patterns
