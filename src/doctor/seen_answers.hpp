#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "doctor/finding.hpp"
#include "doctor/path_evidence.hpp"

namespace tacet {

/// What some queries in clear met. Views the evidence.
using Seen = std::vector<const ClearSeen*>;

/// The remedy against everything that a network does to plain DNS.
inline constexpr auto go_encrypted =
    "nothing for names that go through tacet, which asks encrypted; a program that asks "
    "plain DNS by itself gets this network's answers";

Seen of_check(const PathEvidence& evidence, std::string_view check);

/// The servers in the order of the plan, "1.1.1.1:53 (Cloudflare)", with what each was asked.
std::vector<std::pair<std::string, Seen>> by_server(const Seen& all);

/// How many of the queries were answered.
std::size_t answered(const Seen& all);

/// True if any server answered, in clear or encrypted.
bool anything_answered(const PathEvidence& evidence);

/// The addresses in the answer section, as text.
std::vector<std::string> addresses_in(const Message& answer);

/// "192.0.2.1, 192.0.2.2", or "NXDOMAIN, 0 records".
std::string words_of(const Message& answer);
/// "isc.org. A".
std::string question_text(const Question& question);

/// The finding about a check that nobody answered.
Finding silent(std::string check, std::string asked, const Seen& all);

}  // namespace tacet
