#include "dns/edns.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include "base/text.hpp"
#include "dns/nsid.hpp"

namespace tacet {
namespace {

constexpr std::size_t padding_block = 128;  // RFC 8467 §4.1
constexpr std::size_t option_head_size = 4;

/// Its UTF-8 without control characters, and no more than is shown.
std::string cleaned(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const std::size_t size = starts_with_control(text) ? 0 : utf8_length(text);
    if (clean.size() + size > ExtendedError::max_text) break;
    clean += text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return clean;
}

/// Appends an option to the OPT at the end of a reply. Returns the new size, or `size` if that is impossible.
std::size_t add_option(std::span<std::uint8_t> buffer, std::size_t size, std::uint16_t code, Bytes value) {
  const Result<MessageIndex> index = index_message(buffer.first(size));
  if (!index || !index->has_edns || index->edns.ends != size) return size;
  WireWriter tail(buffer.subspan(size, std::min(buffer.size(), max_message_size) - size));
  tail.u16(code);
  tail.u16(static_cast<std::uint16_t>(value.size()));
  tail.bytes(value);
  if (!tail.ok()) return size;
  const std::size_t length_at = index->edns.begins + opt_head_size - 2;
  store16(buffer, length_at, static_cast<std::uint16_t>(load16(buffer, length_at) + tail.size()));
  return size + tail.size();
}

constexpr std::array<std::uint8_t, option_head_size> empty_nsid{0, option::nsid, 0, 0};

/// A query with these options in front of the padding.
Message padded_query(const Question& question, std::uint16_t flags, bool dnssec_ok, Bytes options) {
  const Bytes name = question.name.wire();
  const std::size_t unpadded = header_size + name.size() + 4 + opt_head_size + options.size() + option_head_size;
  const std::size_t padded = (unpadded + padding_block - 1) / padding_block * padding_block;
  std::vector<std::uint8_t> wire(padded);
  WireWriter query(wire);
  query.u16(0);
  query.u16(flags);
  query.u16(1);
  query.u32(0);
  query.u16(1);
  query.bytes(name);
  query.u16(static_cast<std::uint16_t>(question.type));
  query.u16(static_cast<std::uint16_t>(question.qclass));
  write_opt(query, Rcode::noerror, dnssec_ok, options.size() + option_head_size + padded - unpadded);
  query.bytes(options);
  query.u16(option::padding);
  query.u16(static_cast<std::uint16_t>(padded - unpadded));
  return Message::parse(std::move(wire)).value();
}

}  // namespace

void write_opt(WireWriter& out, Rcode rcode, bool dnssec_ok, std::size_t options_size) {
  out.u8(0);
  out.u16(static_cast<std::uint16_t>(Type::opt));
  out.u16(safe_udp_size);
  out.u8(static_cast<std::uint8_t>(static_cast<std::uint16_t>(rcode) >> 4));
  out.u8(0);
  out.u16(dnssec_ok ? 0x8000 : 0);
  out.u16(static_cast<std::uint16_t>(options_size));
}

Message upstream_query(const Question& question, bool dnssec_ok, bool checking_disabled) {
  const auto flags = static_cast<std::uint16_t>(flag::rd | flag::ad | (checking_disabled ? flag::cd : 0));
  return padded_query(question, flags, dnssec_ok, {});
}

Message query_with_nsid(const Question& question) {
  return padded_query(question, flag::rd | flag::ad, false, empty_nsid);
}

Message with_nsid(const Message& query) {
  return padded_query(query.question(), query.index().flags, query.index().dnssec_ok(), empty_nsid);
}

std::string text_of_server(Bytes octets) {
  const std::string_view text = chars_of(octets);
  if (std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; })) return std::string(text);
  return fmt::format("{:02x}", fmt::join(octets, ""));
}

std::string nsid_of(const Message& answer) {
  std::string found;
  for_each_option(answer.wire(), answer.index(), [&](std::uint16_t code, Bytes value) {
    if (code == option::nsid && !value.empty()) found = text_of_server(value);
  });
  return found;
}

std::optional<ExtendedError> extended_error_of(const Message& message) {
  std::optional<ExtendedError> error;
  for_each_option(message.wire(), message.index(), [&](std::uint16_t code, Bytes value) {
    if (code != option::extended_error || value.size() < 2 || error) return;
    error = ExtendedError{load16(value, 0), cleaned(chars_of(value.subspan(2)))};
  });
  return error;
}

bool is_padded(const Message& message) {
  bool padded = false;
  for_each_option(message.wire(), message.index(),
                  [&](std::uint16_t code, Bytes) { padded = padded || code == option::padding; });
  return padded;
}

std::optional<Duration> tcp_keepalive_of(const Message& message) {
  std::optional<Duration> timeout;
  for_each_option(message.wire(), message.index(), [&](std::uint16_t code, Bytes value) {
    if (code != option::tcp_keepalive || value.size() != 2 || timeout) return;
    timeout = std::chrono::milliseconds(100) * load16(value, 0);
  });
  return timeout;
}

bool asks_tcp_keepalive(Bytes query, const MessageIndex& index) {
  bool asks = false;
  for_each_option(query, index, [&](std::uint16_t code, Bytes) { asks = asks || code == option::tcp_keepalive; });
  return asks;
}

std::size_t add_tcp_keepalive(std::span<std::uint8_t> buffer, std::size_t size, Duration timeout) {
  std::array<std::uint8_t, 2> value{};
  store16(value, 0, static_cast<std::uint16_t>(timeout / std::chrono::milliseconds(100)));
  return add_option(buffer, size, option::tcp_keepalive, value);
}

bool asks_nsid(Bytes query, const MessageIndex& index) {
  bool asks = false;
  for_each_option(query, index, [&](std::uint16_t code, Bytes) { asks = asks || code == option::nsid; });
  return asks;
}

std::size_t add_nsid(std::span<std::uint8_t> buffer, std::size_t size, std::string_view name) {
  return add_option(buffer, size, option::nsid, bytes_of(name));
}

std::size_t add_padding(std::span<std::uint8_t> buffer, std::size_t size) {
  static constexpr std::array<std::uint8_t, response_block> zeros{};
  const std::size_t room = std::min(buffer.size(), max_message_size), head = size + option_head_size;
  if (head > room) return size;
  const std::size_t whole = (head + response_block - 1) / response_block * response_block;
  return add_option(buffer, size, option::padding, Bytes(zeros).first(std::min(whole, room) - head));
}

}  // namespace tacet
