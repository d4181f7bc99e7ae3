#include "resolve/hosts.hpp"

#include <algorithm>
#include <bit>
#include <charconv>

#include "base/text_parts.hpp"
#include "base/word.hpp"
#include "dns/local_answer.hpp"
#include "tacet/ip_address.hpp"

namespace tacet {
namespace {

constexpr std::size_t least_slots = 64;

/// The address in `word`; size 0 if it is none. An answer cannot carry an IPv6 zone ("fe80::1%eth0"), so it is dropped.
std::size_t read_address(std::string_view word, std::array<std::uint8_t, 16>& octets) {
  const auto address = IpAddress::from_text(word.substr(0, word.find('%')));
  if (!address) return 0;
  std::ranges::copy(address->octets(), octets.begin());
  return address->octets().size();
}

/// A name in lower-case wire form, written label by label. Name would cost its 256 octets for each of a million names.
struct WireName {
  std::array<std::uint8_t, Name::max_size> octets;
  std::size_t size = 0;

  Bytes bytes() const { return Bytes(octets).first(size); }
  /// False if there is no room, or if this is no label.
  bool append(std::string_view label) {
    if (label.empty() || label.size() > 63 || size + label.size() + 2 > octets.size()) return false;
    octets[size++] = static_cast<std::uint8_t>(label.size());
    for (const char c : label) octets[size++] = fold(static_cast<std::uint8_t>(c));
    return true;
  }
  void end() { octets[size++] = 0; }
};

/// Sets `name` to `word`; false if that is no name. A host's name has no backslash and no unprintable octet.
bool read_name(std::string_view word, WireName& name) {
  name.size = 0;
  const auto odd = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '\\'; };
  if (std::ranges::any_of(word, odd)) return false;
  if (word.ends_with('.')) word.remove_suffix(1);
  for (;;) {
    const std::size_t dot = std::min(word.find('.'), word.size());
    if (!name.append(word.substr(0, dot))) return false;
    if (dot == word.size()) break;
    word.remove_prefix(dot + 1);
  }
  name.end();
  return true;
}

/// True at or below localhost. (No label has an octet of 9 in it.)
bool settled_elsewhere(Bytes name) {
  constexpr std::array<std::uint8_t, 11> localhost{9, 'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't', 0};
  return name.size() >= localhost.size() && std::ranges::equal(name.last(localhost.size()), localhost);
}

/// Makes 4.3.2.1.in-addr.arpa and the like (RFC 1035 §3.5, RFC 3596 §2.5).
void set_reverse_name(Bytes octets, WireName& name) {
  name.size = 0;
  std::array<char, 3> digits;
  for (std::size_t at = octets.size(); at-- > 0;) {
    if (octets.size() == 4) {
      const auto* end = std::to_chars(digits.begin(), digits.end(), octets[at]).ptr;
      name.append({digits.begin(), end});
      continue;
    }
    for (const unsigned half : std::array{octets[at] & 15U, static_cast<unsigned>(octets[at] >> 4)}) {
      digits[0] = "0123456789abcdef"[half];
      name.append({digits.data(), 1});
    }
  }
  name.append(octets.size() == 4 ? "in-addr" : "ip6");
  name.append("arpa");
  name.end();
}

bool has_reverse(Bytes octets) {
  const bool zeros = std::ranges::all_of(octets.first(octets.size() - 1), [](std::uint8_t o) { return o == 0; });
  if (octets.size() == 16) return !zeros || octets[15] > 1;
  const bool loopback = octets[0] == 127 && octets[1] == 0 && octets[2] == 0 && octets[3] == 1;
  return !loopback && !(zeros && octets[3] == 0);
}

/// True for an address by which every machine reaches itself.
bool is_loopback(Bytes octets) {
  constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (octets.size() == 4) return octets[0] == 127;
  if (std::ranges::equal(octets.first(mapped.size()), mapped)) return octets[mapped.size()] == 127;
  return octets[15] == 1 && std::ranges::all_of(octets.first(15), [](std::uint8_t o) { return o == 0; });
}

/// True below 127.in-addr.arpa. (No other loopback address has a reverse name here, except ::ffff:127.0.0.1, and no
/// resolver asks for that.)
bool is_loopback_reverse(Bytes name) {
  constexpr std::array<std::uint8_t, 18> zone{3,   '1', '2', '7', 7,   'i', 'n', '-', 'a',
                                              'd', 'd', 'r', 4,   'a', 'r', 'p', 'a', 0};
  return name.size() >= zone.size() && std::ranges::equal(name.last(zone.size()), zone);
}

}  // namespace

Bytes Hosts::name_at(std::uint32_t at) const {
  std::size_t end = at;
  while (octets_[end] != 0) end += octets_[end] + 1U;
  return Bytes(octets_).subspan(at, end + 1 - at);
}

/// The slot of a name, or the empty slot where it belongs. Pre: there is an empty slot.
std::size_t Hosts::slot_of(Bytes name, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  for (; slots_[at] != none; at = (at + 1) & mask) {
    const Entry& entry = entries_[slots_[at]];
    if (entry.hash == hash && std::ranges::equal(name_at(entry.name), name)) break;
  }
  return at;
}

const Hosts::Entry* Hosts::find(Bytes name) const {
  if (slots_.empty()) return nullptr;
  const std::uint32_t number = slots_[slot_of(name, hash_of(name))];
  return number == none ? nullptr : &entries_[number];
}

Hosts::Entry& Hosts::entry_of(Bytes name) {
  if ((entries_.size() + 1) * 2 > slots_.size()) grow();
  const std::uint64_t hash = hash_of(name);
  std::uint32_t& slot = slots_[slot_of(name, hash)];
  if (slot != none) return entries_[slot];
  slot = static_cast<std::uint32_t>(entries_.size());
  const auto begins = static_cast<std::uint32_t>(octets_.size());
  octets_.insert(octets_.end(), name.begin(), name.end());
  return entries_.emplace_back(Entry{.hash = hash, .name = begins});
}

void Hosts::grow() {
  slots_.assign(std::max(least_slots, slots_.size() * 4), none);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    std::size_t at = entries_[i].hash & mask;
    while (slots_[at] != none) at = (at + 1) & mask;
    slots_[at] = static_cast<std::uint32_t>(i);
  }
}

/// Adds an address to a name; returns where in octets_ the name is.
std::uint32_t Hosts::add(Bytes name, const Address& address) {
  Entry& entry = entry_of(name);
  if (entry.first == none) ++names_;
  std::uint32_t* link = &entry.first;
  for (std::size_t count = 0; *link != none; link = &addresses_[*link].next) {
    const Address& other = addresses_[*link];
    if (++count == most_addresses || (other.size == address.size && other.octets == address.octets)) return entry.name;
  }
  // Set it before the vector grows: the link may lie in the vector.
  *link = static_cast<std::uint32_t>(addresses_.size());
  addresses_.push_back(address);
  return entry.name;
}

void Hosts::add_reverse(const Address& address, std::uint32_t target) {
  const Bytes octets = Bytes(address.octets).first(address.size);
  if (!has_reverse(octets)) return;
  WireName name;
  set_reverse_name(octets, name);
  Entry& reverse = entry_of(name.bytes());
  if (reverse.target == none) reverse.target = target;
}

/// False if some part of the line made no sense.
bool Hosts::add_line(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const std::string_view first = take_word(line);
  if (first.empty()) return true;
  Address address{.octets = {}, .size = 0, .next = none};
  address.size = static_cast<std::uint8_t>(read_address(first, address.octets));
  if (address.size == 0) return false;
  std::size_t sound = 0, odd = 0;
  std::uint32_t canonical = none;
  WireName name;
  for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
    const bool is_name = read_name(word, name);
    ++(is_name ? sound : odd);
    if (!is_name || settled_elsewhere(name.bytes())) continue;
    const std::uint32_t at = add(name.bytes(), address);
    if (canonical == none) canonical = at;
  }
  if (canonical != none) add_reverse(address, canonical);
  return sound > 0 && odd == 0;
}

void Hosts::make_filter() {
  if (entries_.empty()) return;
  const std::size_t bits = std::max<std::size_t>(64, std::bit_ceil(entries_.size() * 8));
  shift_ = 64U - static_cast<unsigned>(std::countr_zero(bits));
  filter_.assign(bits / 64, 0);
  for (const Entry& entry : entries_) {
    const std::uint64_t bit = entry.hash >> shift_;
    filter_[bit / 64] |= std::uint64_t{1} << (bit % 64);
  }
}

Hosts Hosts::parse(std::string_view text) {
  Hosts hosts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (!hosts.add_line(text.substr(0, end))) ++hosts.skipped_lines_;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  hosts.make_filter();
  hosts.entries_.shrink_to_fit();
  hosts.addresses_.shrink_to_fit();
  hosts.octets_.shrink_to_fit();
  return hosts;
}

std::optional<AnswerImage> Hosts::answer(const Question& question, Bytes name, Asker asker) const {
  const Entry* entry = question.qclass == Class::in ? find(name) : nullptr;
  if (entry == nullptr) return std::nullopt;
  const bool told_all = asker == Asker::this_machine;
  if (!told_all && is_loopback_reverse(name)) return std::nullopt;
  const auto wants = [&question](Type type) { return question.type == type || question.type == Type::any; };
  std::vector<LocalRecord> records;
  for (std::uint32_t at = entry->first; at != none; at = addresses_[at].next) {
    const auto& [octets, size, next] = addresses_[at];
    if (!told_all && is_loopback(Bytes(octets).first(size))) continue;
    if (size == 4 && wants(Type::a)) records.push_back(a_record(question.name, ttl, std::span(octets).first<4>()));
    if (size == 16 && wants(Type::aaaa)) records.push_back(aaaa_record(question.name, ttl, octets));
  }
  if (entry->target != none && wants(Type::ptr))
    records.push_back(ptr_record(question.name, ttl, Name::from_checked_wire(name_at(entry->target))));
  if (!records.empty()) return local_answer(question, Rcode::noerror, records);
  LocalRecord soa = local_zone_soa(question.name);
  soa.ttl = ttl;
  return local_answer(question, Rcode::noerror, records, soa);
}

std::size_t Hosts::octets() const {
  return sizeof *this + filter_.capacity() * sizeof filter_[0] + slots_.capacity() * sizeof slots_[0] +
         entries_.capacity() * sizeof entries_[0] + addresses_.capacity() * sizeof addresses_[0] + octets_.capacity();
}

}  // namespace tacet
