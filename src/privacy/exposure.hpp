#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "privacy/https_evidence.hpp"
#include "tacet/instant.hpp"
#include "tacet/message.hpp"
#include "tacet/upstream.hpp"

namespace tacet {

/// The origin of the question behind an answer to a type-65 question.
enum class EvidenceOrigin : std::uint8_t { client, tacet };

/// Where an answer to a type-65 question came from.
struct Provenance {
  EvidenceOrigin origin = EvidenceOrigin::client;
  std::string_view upstream;  ///< Upstream::id(); empty: the cache, filled by another worker
  Instant now{};
};

/// How a client asked, as far as it tells whether the client can hide the name by ECH.
enum class AskedBy : std::uint8_t {
  any,            ///< not over HTTPS: most of these programs know no ECH, but some do
  https,          ///< over HTTPS, as browsers ask
  https_for_key,  ///< over HTTPS and for type 65: the client uses ECH where the record offers it
};

/// A period in which all evidence for a name showed the same state.
struct Sighting {
  EchState state = EchState::unknown;
  Instant first{}, last{};
};

/// What is known of one name that a client resolved. Names are in wire form, lower case.
struct NameExposure {
  static constexpr std::size_t most_sightings = 8;    ///< in `history`; the oldest ones are dropped
  static constexpr std::size_t largest_record = 512;  ///< octets of RDATA that are kept

  std::string name;              ///< in wire form, lower case
  std::uint64_t queries = 0;     ///< for A, AAAA and HTTPS, answered with NOERROR
  std::uint64_t over_https = 0;  ///< those among them that came over HTTPS
  bool key_over_https = false;   ///< a client asked for type 65 over HTTPS
  Instant last_query{};
  std::vector<Sighting> history;  ///< oldest first; empty: the state is unknown

  // The last evidence; meaningless without history.
  EvidenceOrigin origin = EvidenceOrigin::client;
  std::string upstream;     ///< that answered
  std::string public_name;  ///< HttpsEvidence::public_name
  std::string owner;        ///< HttpsEvidence::owner
  std::string alias;        ///< the target of a record that only points there, while nothing is known of the target
  std::vector<std::uint8_t> rdata;  ///< of the record, unless it was larger than largest_record
  std::size_t rdata_size = 0;       ///< before it was cut off

  /// Adds one more answer. An unknown state never replaces a known one.
  void note(const HttpsEvidence& evidence, const Provenance& provenance);
  EchState state() const { return history.empty() ? EchState::unknown : history.back().state; }
  /// True if only clients that can use ECH asked, as far as their questions tell.
  bool only_for_ech() const { return key_over_https && over_https == queries; }
};

/// What one endpoint of an upstream saw of us and showed.
struct EndpointExposure {
  std::string upstream;                          ///< the URL as configured
  std::shared_ptr<const ConnectionFacts> facts;  ///< of the latest connection; never null
  std::uint64_t connections = 0, resumptions = 0;
  std::uint64_t answers = 0, padded = 0;  ///< responses, and the padded ones among them
  Instant last_use{};
};

/// A question that a client got no answer to, not even that the name does not exist.
struct FailedQuestion {
  std::string name;  ///< in wire form, lower case
  Type type{};
  std::string why;          ///< "SERVFAIL: no upstream answered in time"
  std::uint64_t times = 1;  ///< since it stands among the last ones
  Instant last{};
};

/// The merged knowledge of the ledgers of all workers.
struct Exposure {
  std::map<std::string, NameExposure> names;  ///< by name
  std::vector<EndpointExposure> endpoints;
  std::vector<FailedQuestion> failures;  ///< the last ones of each worker
  std::uint64_t forgotten = 0;           ///< names dropped because of a limit
  std::uint64_t malformed = 0;           ///< unusable answers to type-65 questions
  std::uint64_t questions = 0;           ///< type-65 questions of our own

  void add(const NameExposure& name);
  void add(const EndpointExposure& endpoint);
  void add(const FailedQuestion& question);
  /// Gives names that only point to another name the state of that one, which another worker may have learned. Call it
  /// after the knowledge of all workers is in.
  void follow_aliases();
};

/// The domain that one owner registered: "www.example.co.uk" belongs to "example.co.uk". The name itself if it is a
/// public suffix, has one label, or is unknown to the list. Presentation form without the final dot.
std::string domain_of(const std::string& wire_name);

/// Names by state.
struct StateCounts {
  std::array<std::uint64_t, ech_state_count> names{};
  std::uint64_t& operator[](EchState state) { return names[static_cast<std::size_t>(state)]; }
  std::uint64_t operator[](EchState state) const { return names[static_cast<std::size_t>(state)]; }
};

/// The names that offer ECH, by the clients that asked for them.
struct EchClients {
  std::uint64_t only_for_ech = 0;  ///< NameExposure::only_for_ech(): hidden, if the browsers used it
  std::uint64_t others = 0;        ///< asked otherwise, too or only: shown, if a program without ECH connected
};
/// Counts them.
EchClients ech_clients(const Exposure& exposure);

/// The names of one registrable domain.
struct DomainExposure {
  std::string domain;
  std::uint64_t queries = 0;
  StateCounts states;
  std::vector<const NameExposure*> names;  ///< the most often resolved first
};
/// All names of `exposure` whose last question came at `since` or later, by domain; the most often resolved come first.
/// Points into `exposure`.
std::vector<DomainExposure> by_domain(const Exposure& exposure, Instant since = {});

}  // namespace tacet
