#include "base/phrase.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace tacet {

std::string list_of(const Phrases& phrases) {
  if (phrases.size() < 2) return fmt::format("{}", fmt::join(phrases, ""));
  return fmt::format("{} and {}", fmt::join(phrases.begin(), phrases.end() - 1, ", "), phrases.back());
}

void add_once(Phrases& phrases, std::string phrase) {
  if (std::ranges::find(phrases, phrase) == phrases.end()) phrases.push_back(std::move(phrase));
}

std::string octets_words(std::uint64_t octets) {
  const auto kibi = static_cast<double>(octets) / 1024;
  return kibi < 1024 ? fmt::format("{:.1f} KiB", kibi) : fmt::format("{:.1f} MiB", kibi / 1024);
}

}  // namespace tacet
