#include "listen/http/http_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "base/text_parts.hpp"

namespace tacet {
namespace {

constexpr std::string_view line_end = "\r\n";

bool is_alphanumeric(char octet) {
  return (octet >= '0' && octet <= '9') || (octet >= 'A' && octet <= 'Z') || (octet >= 'a' && octet <= 'z');
}

/// A token character (RFC 9110 §5.6.2).
bool is_token_octet(char octet) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return is_alphanumeric(octet) || marks.contains(octet);
}

bool is_token(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_token_octet); }

bool is_forbidden(char octet) {
  const auto value = static_cast<unsigned char>(octet);
  return (value < ' ' && value != '\t') || value == 0x7f;
}

/// "a b" for "a%20b" and for "a+b", as in forms.
std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    unsigned char octet = static_cast<unsigned char>(text.front() == '+' ? ' ' : text.front());
    std::size_t size = 1;
    if (text.front() == '%') {
      size = 3;
      if (text.size() < size) return std::nullopt;
      const auto [end, error] = std::from_chars(text.data() + 1, text.data() + size, octet, 16);
      if (error != std::errc() || end != text.data() + size) return std::nullopt;
    }
    out += static_cast<char>(octet);
    text.remove_prefix(size);
  }
  return out;
}

bool read_parameters(std::string_view query, HttpRequest& request) {
  while (!query.empty()) {
    auto value = cut(query, "&");
    if (value.empty()) continue;
    auto name = decoded(cut(value, "="));
    auto worth = decoded(value);
    if (!name || !worth) return false;
    request.parameters.emplace(*std::move(name), *std::move(worth));
  }
  return true;
}

/// Takes "https://localhost:8453" off a target in absolute form, and returns the authority in it; empty if there is
/// none. Such a target may lack its path.
std::string_view take_authority(std::string_view& target) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!equal_folded(target.substr(0, scheme.size()), scheme)) continue;
    const auto rest = target.substr(scheme.size());
    const auto authority = rest.substr(0, rest.find_first_of("/?"));
    if (!authority.empty()) target = rest.substr(authority.size());
    return authority;
  }
  return {};
}

/// "GET /status?a=b HTTP/1.1". Sets `authority` to that of a target in absolute form.
bool read_request_line(std::string_view line, HttpRequest& request, std::string_view& authority) {
  request.method = cut(line, " ");
  auto target = cut(line, " ");
  authority = take_authority(target);
  request.target = target.starts_with('/') || authority.empty() ? target : fmt::format("/{}", target);
  target = request.target;
  request.path = cut(target, "?");
  return is_token(request.method) && request.path.starts_with('/') && !authority.contains('@') &&
         (line == "HTTP/1.1" || line == "HTTP/1.0") && read_parameters(target, request);
}

/// "Host: localhost".
bool read_field(std::string_view line, HttpRequest& request) {
  if (!line.contains(':')) return false;
  const auto name = cut(line, ":");
  if (!is_token(name)) return false;
  request.fields.emplace(lower_case(name), trimmed(line));
  return true;
}

}  // namespace

bool HttpRequest::lists(const std::string& field, std::string_view word) const {
  const auto [first, last] = fields.equal_range(field);
  return std::any_of(first, last, [word](const auto& line) {
    return std::ranges::any_of(split(line.second, ','),
                               [word](auto part) { return equal_folded(trimmed(part), word); });
  });
}

Result<HttpRequest> parse_http_request(std::string_view head) {
  HttpRequest request;
  std::string_view authority;
  auto line = cut(head, line_end);
  bool good = std::ranges::none_of(line, is_forbidden) && read_request_line(line, request, authority);
  for (line = cut(head, line_end); good && !line.empty(); line = cut(head, line_end))
    good = std::ranges::none_of(line, is_forbidden) && read_field(line, request);
  if (!good) return fail(Fault::malformed, "this is no request of HTTP/1.1");
  // The target counts, not the Host beside it (RFC 9112 §3.2.2).
  if (!authority.empty())
    for (auto [host, end] = request.fields.equal_range("host"); host != end; ++host) host->second = authority;
  return request;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view marks = "-._~";
  std::string out;
  for (const char octet : text)
    if (is_alphanumeric(octet) || marks.contains(octet))
      out += octet;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(octet));
  return out;
}

}  // namespace tacet
