#include "cli/typed_name.hpp"

#include <fmt/format.h>

#include <string_view>

#include "base/text.hpp"
#include "config/idn.hpp"
#include "config/scalar.hpp"

namespace tacet {
namespace {

std::string url_fault(std::string_view url, std::size_t host_at) {
  const auto host = url.substr(host_at);
  return fmt::format("{} is a URL; the name in it is {}", quotation(url),
                     quotation(host.substr(0, host.find_first_of(":/?#"))));
}

}  // namespace

std::string take_typed_name(std::string& word) {
  constexpr std::string_view behind_scheme = "://";
  if (const auto at = word.find(behind_scheme); at != std::string::npos)
    return url_fault(word, at + behind_scheme.size());
  if (is_ascii(word)) return "";
  const auto ascii = ascii_name(word);
  if (!ascii) return fmt::format("{} is no domain name: {}", quotation(word), ascii.error().detail);
  word = *ascii;
  return "";
}

}  // namespace tacet
