#include "doctor/server_identity.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.hpp"
#include "dns/edns.hpp"

namespace tacet {
namespace {

std::string printable(Bytes octets) {
  const std::string_view text = chars_of(octets);
  if (std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; })) return std::string(text);
  return fmt::format("{:02x}", fmt::join(octets, ""));
}

}  // namespace

std::string nsid_of(const Message& answer) {
  std::string found;
  for_each_option(answer.wire(), answer.index(), [&](std::uint16_t code, Bytes value) {
    if (code == option::nsid && !value.empty()) found = printable(value);
  });
  return found;
}

std::string first_text_of(const Message& answer) {
  for (const auto& record : answer.records()) {
    const Bytes text = answer.rdata(record);
    if (record.section == Section::answer && record.type == Type::txt && text.size() > 1)
      return printable(text.subspan(1, std::min<std::size_t>(text[0], text.size() - 1)));
  }
  return {};
}

}  // namespace tacet
