#include "doctor/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text_parts.hpp"

namespace tacet {
namespace {

constexpr std::array<std::pair<std::string_view, std::string Trace::*>, 9> fields{{{"colo", &Trace::site},
                                                                                   {"loc", &Trace::place},
                                                                                   {"ip", &Trace::address},
                                                                                   {"tls", &Trace::tls},
                                                                                   {"kex", &Trace::key_exchange},
                                                                                   {"sni", &Trace::sni},
                                                                                   {"http", &Trace::http},
                                                                                   {"warp", &Trace::warp},
                                                                                   {"gateway", &Trace::gateway}}};

/// The server chose these octets, and they go to a terminal.
std::string printable(std::string_view text) {
  constexpr std::size_t most = 64;
  std::string out(text.substr(0, most));
  std::ranges::replace_if(out, [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

void read_line(std::string_view line, Trace& trace) {
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return;
  const auto field = std::ranges::find(fields, line.substr(0, equals), [](const auto& each) { return each.first; });
  if (field != fields.end()) trace.*field->second = printable(line.substr(equals + 1));
}

}  // namespace

std::optional<Trace> read_trace(std::string_view text) {
  Trace trace;
  for (const auto line : split(text, '\n')) read_line(line, trace);
  if (trace.site.empty() || trace.address.empty()) return std::nullopt;
  return trace;
}

std::string to_string(const Trace& trace) {
  std::string text = fmt::format("{}, sees {}", trace.site, trace.address);
  if (!trace.place.empty()) text += fmt::format(" ({})", trace.place);
  if (!trace.tls.empty()) text += fmt::format(", {}", trace.tls);
  if (!trace.key_exchange.empty()) text += fmt::format(" with {}", trace.key_exchange);
  if (!trace.sni.empty()) text += fmt::format(", SNI {}", trace.sni);
  if (!trace.warp.empty()) text += fmt::format(", WARP {}", trace.warp);
  return text;
}

}  // namespace tacet
