#include <algorithm>
#include <array>

#include "dns/edns.hpp"
#include "dns/reply.hpp"
#include "fuzz/property.hpp"

using namespace tacet;
using namespace tacet::fuzz;

namespace {

/// A response to "." whose OPT has the input as its options.
std::vector<std::uint8_t> with_options(Bytes options) {
  std::vector<std::uint8_t> wire(header_size + 5 + opt_head_size);
  store16(wire, 2, flag::qr);
  store16(wire, 4, 1);
  store16(wire, 10, 1);
  store16(wire, header_size + 1, static_cast<std::uint16_t>(Type::ns));
  store16(wire, header_size + 3, static_cast<std::uint16_t>(Class::in));
  store16(wire, header_size + 6, static_cast<std::uint16_t>(Type::opt));
  store16(wire, wire.size() - 2, static_cast<std::uint16_t>(options.size()));
  wire.insert(wire.end(), options.begin(), options.end());
  wire.shrink_to_fit();
  return wire;
}

/// The code point at the front of `text`, written from RFC 3629's table; 0 for what is none.
char32_t take_code_point(std::string_view& text) {
  static constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  const auto lead = static_cast<std::uint8_t>(text[0]);
  const std::size_t size = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
  if (size == 0 || text.size() < size) return 0;
  char32_t point = size == 1 ? lead : lead & (0x7FU >> size);
  for (const char c : text.substr(1, size - 1)) {
    if ((static_cast<std::uint8_t>(c) & 0xC0) != 0x80) return 0;
    point = point << 6 | (static_cast<std::uint8_t>(c) & 0x3FU);
  }
  text.remove_prefix(size);
  const bool surrogate = point >= 0xD800 && point < 0xE000;
  return size > 1 && (point < least[size] || surrogate || point > 0x10FFFF) ? 0 : point;
}

void check_text(std::string_view text) {
  require(text.size() <= ExtendedError::max_text, "the text is short");
  while (!text.empty()) {
    const char32_t point = take_code_point(text);
    require(point >= 0x20 && (point < 0x7F || point >= 0xA0), "the text is UTF-8 without control characters");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  if (size > 60000) return 0;
  const Result<Message> message = Message::parse(with_options({octets, size}));
  if (!message) return 0;
  std::size_t seen = 0;
  bool padding = false;
  bool error = false;
  for_each_option(message->wire(), message->index(), [&](std::uint16_t code, Bytes value) {
    seen += 4 + value.size();
    padding = padding || code == option::padding;
    error = error || (code == option::extended_error && value.size() >= 2);
  });
  require(seen == size, "the options fill their record");
  require(is_padded(*message) == padding, "padding is seen");
  const auto extended = extended_error_of(*message);
  require(extended.has_value() == error, "an extended error is seen");
  if (extended) check_text(extended->text);
  const auto keepalive = tcp_keepalive_of(*message);
  require(!keepalive || *keepalive <= std::chrono::milliseconds(100) * 65535, "a keepalive is a time");
  if (!extended) return 0;

  std::array<std::uint8_t, 512> room;
  const std::size_t written =
      write_error({message->wire(), message->index(), room.size()}, Rcode::servfail, extended, room);
  const Message passed_on = Message::parse(copy_of(Bytes(room).first(written))).value();
  require(extended_error_of(passed_on) == extended, "an extended error is passed on as it is");
  return 0;
}
