#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace tacet {

/// The parts of a sentence.
using Phrases = std::vector<std::string>;

/// "a", "a and b", "a, b and c".
std::string list_of(const Phrases& phrases);
/// Appends it unless it is there.
void add_once(Phrases& phrases, std::string phrase);

/// "12.5 KiB", "1.0 MiB".
std::string octets_words(std::uint64_t octets);

}  // namespace tacet
