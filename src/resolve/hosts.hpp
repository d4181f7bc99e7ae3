#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/word.hpp"
#include "dns/answer_image.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// The origin of a question.
enum class Asker : std::uint8_t { this_machine, another_machine };

/// The names and addresses of a file such as /etc/hosts. Immutable, in a few large blocks of memory: about five times
/// the file's size if the file holds only names. Pure.
class Hosts {
public:
  /// The TTL of its answers, seconds: the file can change at any moment.
  static constexpr std::uint32_t ttl = 10;
  /// A name keeps this many addresses; further ones are left out.
  static constexpr std::size_t most_addresses = 64;

  Hosts() = default;

  /// Reads lines of an address and one or more names; `#` begins a comment. Lines and names that make no sense are
  /// skipped. The addresses of a name add up over all lines, each once; an address belongs to the first name of the
  /// first line that has it. Left out is what RFC 6761 §6.3 settles: names at and below localhost, and the reverse
  /// names of 127.0.0.1 and ::1. The reverse names of 0.0.0.0 and :: are left out as well: they stand for no host.
  static Hosts parse(std::string_view text);

  /// False for nearly every name that is not here, within a few nanoseconds. `name` is in lower-case wire form. No
  /// allocation.
  bool might_hold(Bytes name) const { return !filter_.empty() && passes(hash_of(name)); }

  /// The answer to a question about a name in the file, or about the reverse name of an address in it: A, AAAA, PTR and
  /// ANY as the file says, NODATA for any other type, so that no other record (an HTTPS record's hints) contradicts the
  /// file. Nothing for any other question. `name` as for might_hold().
  ///
  /// Another machine gets no loopback address (127.0.0.0/8, ::1, and the former as IPv6): it would reach itself, not
  /// the meant host (Debian's "127.0.1.1 HOSTNAME"). A name with no other address is NODATA for it and does not go to
  /// an upstream: the file says that the name is ours or blocked. For that machine the reverse of such an address has
  /// no name in the file.
  std::optional<AnswerImage> answer(const Question& question, Bytes name, Asker asker = Asker::this_machine) const;

  std::size_t names() const { return names_; }
  /// Lines that were skipped in whole or in part.
  std::size_t skipped_lines() const { return skipped_lines_; }
  /// Octets of memory.
  std::size_t octets() const;

private:
  static constexpr std::uint32_t none = 0xFFFFFFFF;

  /// A name, or the reverse name of an address; the hash of the name finds it.
  struct Entry {
    std::uint64_t hash = 0;
    std::uint32_t name = 0;       // wire form in lower case, in octets_
    std::uint32_t first = none;   // index in addresses_ of its first address
    std::uint32_t target = none;  // for a reverse name: the host's name, in octets_
  };
  struct Address {
    std::array<std::uint8_t, 16> octets;
    std::uint8_t size;  // 4 or 16
    std::uint32_t next;
  };

  bool passes(std::uint64_t hash) const {
    const std::uint64_t bit = hash >> shift_;
    return (filter_[bit / 64] >> (bit % 64) & 1) != 0;
  }
  Bytes name_at(std::uint32_t at) const;
  const Entry* find(Bytes name) const;
  Entry& entry_of(Bytes name);
  std::size_t slot_of(Bytes name, std::uint64_t hash) const;
  std::uint32_t add(Bytes name, const Address& address);
  void add_reverse(const Address& address, std::uint32_t target);
  bool add_line(std::string_view line);
  void grow();
  void make_filter();

  std::vector<std::uint64_t> filter_;  // at most one bit in eight is set; empty for an empty table
  unsigned shift_ = 0;
  std::vector<std::uint32_t> slots_;  // indices of entries_; open addressing, a power of two
  std::vector<Entry> entries_;
  std::vector<Address> addresses_;
  std::vector<std::uint8_t> octets_;  // names, one after the other
  std::size_t names_ = 0;
  std::size_t skipped_lines_ = 0;
};

}  // namespace tacet
