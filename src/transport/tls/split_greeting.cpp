#include "transport/tls/split_greeting.hpp"

#include <algorithm>

namespace tacet {
namespace {

constexpr std::size_t record_header = 5, message_header = 4;
constexpr std::uint8_t handshake_record = 22, client_hello = 1;

std::size_t load16(Bytes octets, std::size_t at) { return static_cast<std::size_t>(octets[at] << 8 | octets[at + 1]); }

std::size_t cut_of(Bytes greeting, std::string_view name) {
  const auto found = std::ranges::search(greeting, name);
  if (name.empty() || found.empty()) return greeting.size() / 2;
  return static_cast<std::size_t>(found.begin() - greeting.begin()) + name.size() / 2;
}

/// Writes `payload` as one record with the type and the version of `header`.
void append_record(std::vector<std::uint8_t>& out, Bytes header, Bytes payload) {
  out.insert(out.end(), header.begin(), header.begin() + 3);
  out.push_back(static_cast<std::uint8_t>(payload.size() >> 8));
  out.push_back(static_cast<std::uint8_t>(payload.size()));
  out.insert(out.end(), payload.begin(), payload.end());
}

bool is_greeting(Bytes record) {
  return record[0] == handshake_record && record.size() > record_header + message_header &&
         record[record_header] == client_hello;
}

}  // namespace

std::optional<SplitGreeting> split_greeting(Bytes records, std::string_view name) {
  for (std::size_t at = 0; at + record_header <= records.size();) {
    const std::size_t size = record_header + load16(records, at + 3);
    if (size > records.size() - at) break;
    const Bytes record = records.subspan(at, size), payload = record.subspan(record_header);
    if (is_greeting(record)) {
      const std::size_t cut = std::max<std::size_t>(cut_of(payload, name), 1);
      SplitGreeting split;
      split.octets.assign(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(at));
      append_record(split.octets, record, payload.first(cut));
      split.head = split.octets.size();
      append_record(split.octets, record, payload.subspan(cut));
      split.octets.insert(split.octets.end(), records.begin() + static_cast<std::ptrdiff_t>(at + size), records.end());
      return split;
    }
    at += size;
  }
  return std::nullopt;
}

}  // namespace tacet
