#include "report/page/html.hpp"

#include <fmt/format.h>

namespace tacet {
namespace {

constexpr std::string_view narrow_space = "\u202F";

}  // namespace

std::string html_text(std::string_view text) {
  std::string out;
  for (const char octet : text) {
    switch (octet) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += octet;
    }
  }
  return out;
}

std::string count_words(std::uint64_t count) {
  const std::string digits = std::to_string(count);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i != 0 && (digits.size() - i) % 3 == 0) out += narrow_space;
    out += digits[i];
  }
  return out;
}

std::string share_words(double share) { return fmt::format("{:.1f} %", share * 100); }

std::string milliseconds_words(double time) {
  if (time >= 1000) return fmt::format("{:.1f} s", time / 1000);
  if (time < 1) return fmt::format("{:.0f} µs", time * 1000);
  return fmt::format("{:.{}f} ms", time, time < 10 ? 1 : 0);
}

std::string duration_words(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min", whole / 60);
  if (whole < 86400) return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
  return fmt::format("{} d {} h", whole / 86400, whole / 3600 % 24);
}

std::string fresh(std::string_view path, std::string_view form, std::string_view words) {
  return fmt::format(R"(<span data-v="{}" data-f="{}">{}</span>)", path, form, words);
}

std::string cell(std::string_view heading, std::string_view inner) {
  return fmt::format(R"(<td role="cell"{} data-l="{}"><div>{}</div></td>)", inner == "–" ? " class=\"empty\"" : "",
                     heading, inner);
}

std::string number_cell(std::string_view heading, std::string_view inner) {
  return fmt::format(R"(<td role="cell" class="num" data-l="{}">{}</td>)", heading, inner);
}

}  // namespace tacet
