#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "privacy/exposure.hpp"
#include "tacet/config.hpp"

namespace tacet {

/// Remembers for one worker which names clients resolved, what is known of their HTTPS records, and what each upstream
/// endpoint saw of us. Lives in memory only, with limits for names and octets. With ExposureMode::off it keeps no name.
class Ledger {
public:
  static constexpr std::size_t most_names = 4096;  ///< the default limit
  static constexpr std::size_t octets_a_name = 512;
  static constexpr std::size_t most_endpoints = 64;
  static constexpr std::size_t most_failures = 32;
  static constexpr Duration asks_again = std::chrono::hours(24);
  /// How often a full ledger admits a new name in place of another.
  static constexpr Duration admission_pace = std::chrono::milliseconds(1);

  explicit Ledger(ExposureMode mode, std::size_t names = most_names);
  /// Learns by this mode from now on; ExposureMode::off forgets all names.
  void use(ExposureMode mode, std::size_t names = most_names);

  /// False with ExposureMode::off: the ledger then ignores all names.
  bool keeps_names() const { return mode_ != ExposureMode::off; }
  /// True if tacet asks for the HTTPS records of unknown names.
  bool asks_itself() const { return mode_ == ExposureMode::active; }

  /// A client got an answer for `name` (wire form, lower case). `hash` may be any that tells questions apart; one name
  /// may have several. On the hot path: allocates only when this worker sees the name for the first time.
  void touch(std::uint64_t hash, Bytes name, Instant now, AskedBy by = AskedBy::any) {
    if (!keeps_names()) return;
    for (const Shortcut& shortcut : row(hash)) {
      if (shortcut.hash != hash || tallies_[shortcut.entry].serial != shortcut.serial) continue;
      count(shortcut.entry, now, by);
      return;
    }
    admit(hash, name, now, by);
  }
  /// touch() of this hash follows soon: fetches the memory that it reads first.
  [[gnu::always_inline]] void expect(std::uint64_t hash) const {  // g++ drops calls of functions that only fetch
    if (keeps_names()) __builtin_prefetch(&row(hash));
  }

  /// True once a day for a name without evidence, if this ledger asks questions of its own.
  bool wants_evidence(Bytes name, Instant now);
  /// True if there is evidence for the name.
  bool knows(Bytes name) const;

  /// An answer to a type-65 question for `name` came. It counts for this name, if a client resolved it, and for names
  /// that are aliases of it.
  void learn(Bytes name, const HttpsEvidence& evidence, const Provenance& provenance);

  /// A connection to `upstream` (its URL) was made.
  void connected(const std::string& upstream, const ConnectionFacts& facts, Instant now);
  /// A client got no answer. Only the last most_failures questions are kept, each once.
  void failed(FailedQuestion question);
  /// An upstream answered; `padded` tells if the answer was padded.
  void answered(const Exchange& exchange, bool padded, Instant now);
  /// Tacet asked a type-65 question of its own.
  void asked() { ++questions_; }

  /// Adds all knowledge to that of other workers.
  void add_to(Exposure& exposure) const;
  /// Forgets all names and counts.
  void clear();

  std::size_t names() const { return by_name_.size(); }
  /// Memory for names and evidence.
  std::size_t octets() const { return octets_; }

private:
  struct Entry {
    Instant asked{};  // the time of the last true of wants_evidence()
    bool was_asked = false;
    NameExposure exposure;  // without the numbers in its tally
  };
  /// The part of an entry (with the same number) that every query changes. It is stored apart, because all tallies
  /// together fit into the processor's cache.
  struct Tally {
    std::uint64_t queries = 0;
    Instant last_query{};
    std::uint32_t serial = 0;      // unique among names; 0: free
    std::uint32_t over_https = 0;  // stops at its largest number
  };
  /// Leads from a question's hash straight to its name's entry, while that has this serial.
  struct Shortcut {
    std::uint64_t hash = 0;
    std::uint32_t entry = 0;
    std::uint32_t serial = 0;
  };
  static constexpr std::size_t ways = 4;
  using Row = std::array<Shortcut, ways>;  // one cache line

  Row& row(std::uint64_t hash) { return rows_[(hash >> 8) & (rows_.size() - 1)]; }
  const Row& row(std::uint64_t hash) const { return rows_[(hash >> 8) & (rows_.size() - 1)]; }
  bool full() const { return by_name_.size() >= most_names_ || octets_ >= most_names_ * octets_a_name; }
  void count(std::uint32_t number, Instant now, AskedBy by) {
    Tally& tally = tallies_[number];
    ++tally.queries;
    tally.last_query = now;
    if (by == AskedBy::any) return;
    tally.over_https += tally.over_https < UINT32_MAX ? 1 : 0;
    if (by == AskedBy::https_for_key) entries_[number].exposure.key_over_https = true;
  }
  void admit(std::uint64_t hash, Bytes name, Instant now, AskedBy by);
  std::uint32_t entry_of(Bytes name);
  Entry* find(Bytes name);
  void evict_one();
  void erase(std::uint32_t number);
  void note(NameExposure& known, const HttpsEvidence& evidence, const Provenance& provenance);
  EndpointExposure* endpoint(std::string_view upstream, const std::string& address);
  static std::size_t cost(const NameExposure& name);

  ExposureMode mode_;
  std::size_t most_names_;
  std::vector<Row> rows_;
  std::vector<Entry> entries_;  // never reallocated; shortcuts without an entry point to number 0
  std::vector<Tally> tallies_;  // one for each entry
  std::vector<std::uint32_t> free_;
  std::unordered_map<std::string_view, std::uint32_t> by_name_;  // views of the entries' names
  Instant admits_again_{};
  std::uint32_t next_serial_ = 1;
  std::uint32_t random_ = 1;  // chooses the entries that an eviction compares
  std::size_t aliases_ = 0;   // entries that wait for another name's evidence
  std::size_t octets_ = 0;
  std::uint64_t forgotten_ = 0, malformed_ = 0, questions_ = 0;
  std::vector<EndpointExposure> endpoints_;
  std::vector<FailedQuestion> failures_;
};

}  // namespace tacet
