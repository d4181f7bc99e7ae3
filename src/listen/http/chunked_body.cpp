#include "listen/http/chunked_body.hpp"

#include <algorithm>
#include <charconv>

#include "listen/http/http_query.hpp"

namespace tacet {
namespace {

constexpr std::string_view line_end = "\r\n";

bool is_control(char octet) {
  const auto value = static_cast<unsigned char>(octet);
  return (value < ' ' && value != '\t') || value == 0x7f;
}

}  // namespace

std::expected<bool, unsigned> ChunkedBody::take(std::string_view& in, std::vector<std::uint8_t>& body) {
  while (part_ != Part::nothing) {
    if (part_ == Part::content) {
      const std::size_t size = std::min(left_, in.size());
      body.insert(body.end(), in.begin(), in.begin() + static_cast<std::ptrdiff_t>(size));
      in.remove_prefix(size);
      left_ -= size;
      if (left_ > 0) return false;
      part_ = Part::content_end;
    }
    const auto taken = take_line(in, body.size());
    if (!taken || !*taken) return taken;
  }
  return true;
}

/// Takes the line at the front of `in`; false if it is not whole. `filled`: octets of content so far.
std::expected<bool, unsigned> ChunkedBody::take_line(std::string_view& in, std::size_t filled) {
  const auto end = in.find(line_end);
  if (around_ + std::min(end, in.size()) > most_around) return std::unexpected(413U);
  if (end == std::string_view::npos) return false;
  const auto line = in.substr(0, end);
  in.remove_prefix(end + line_end.size());
  around_ += end + line_end.size();
  if (std::ranges::any_of(line, is_control)) return std::unexpected(400U);
  switch (part_) {
    case Part::size:
      if (!read_size(line)) return std::unexpected(400U);
      if (left_ > HttpQuery::most_body - filled) return std::unexpected(413U);
      break;
    case Part::content_end:
      if (!line.empty()) return std::unexpected(400U);
      part_ = Part::size;
      break;
    default:
      if (line.empty()) part_ = Part::nothing;
  }
  return true;
}

/// "1f", or "1f;name=value" with blanks before the semicolon.
bool ChunkedBody::read_size(std::string_view line) {
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), left_, 16);
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  part_ = left_ > 0 ? Part::content : Part::trailer;
  return error == std::errc() && (line.empty() || line.front() == ';');
}

}  // namespace tacet
