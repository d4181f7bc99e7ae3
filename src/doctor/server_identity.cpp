#include "doctor/server_identity.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "dns/nsid.hpp"

namespace tacet {
namespace {

/// The end of a name with labels, or the number of letters of a name without.
std::string form_of(std::string_view name) {
  const auto last = name.rfind('.');
  if (last == std::string_view::npos)
    return fmt::format("{}", std::ranges::count_if(name, [](char c) { return c < '0' || c > '9'; }));
  const auto before = last == 0 ? std::string_view::npos : name.rfind('.', last - 1);
  return std::string(name.substr(before == std::string_view::npos ? 0 : before));
}

}  // namespace

bool same_form(std::string_view one, std::string_view other) { return form_of(one) == form_of(other); }

std::string first_text_of(const Message& answer) {
  for (const auto& record : answer.records()) {
    const Bytes text = answer.rdata(record);
    if (record.section == Section::answer && record.type == Type::txt && text.size() > 1)
      return text_of_server(text.subspan(1, std::min<std::size_t>(text[0], text.size() - 1)));
  }
  return {};
}

}  // namespace tacet
