#include "doctor/seen_answers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "tacet/ip_address.hpp"

namespace tacet {
namespace {

std::string address_text(Bytes octets) {
  const auto address = IpAddress::from_octets(octets);
  return address ? address->to_string() : std::string();
}

}  // namespace

const Reference* PathEvidence::reference(const Question& question) const {
  const auto found =
      std::ranges::find_if(encrypted, [&](const Reference& each) { return each.message.question() == question; });
  return found == encrypted.end() ? nullptr : &*found;
}

Seen of_check(const PathEvidence& evidence, std::string_view check) {
  Seen found;
  for (const auto& seen : evidence.clear)
    if (seen.query.check == check) found.push_back(&seen);
  return found;
}

/// The servers in the order of the plan, with what each was asked.
std::vector<std::pair<std::string, Seen>> by_server(const Seen& all) {
  std::vector<std::pair<std::string, Seen>> servers;
  for (const auto* seen : all) {
    const auto name = fmt::format("{} ({})", to_string(seen->query.server), seen->query.server_name);
    auto known = std::ranges::find(servers, name, [](const auto& server) { return server.first; });
    if (known == servers.end()) known = servers.insert(servers.end(), {name, {}});
    known->second.push_back(seen);
  }
  return servers;
}

std::size_t answered(const Seen& all) {
  return static_cast<std::size_t>(
      std::ranges::count_if(all, [](const auto* seen) { return seen->outcome.first() != nullptr; }));
}

bool anything_answered(const PathEvidence& evidence) {
  const auto answers = [](const ClearSeen& seen) {
    return seen.query.check != "path.nonserver" && seen.outcome.first() != nullptr;
  };
  return !evidence.encrypted.empty() || std::ranges::any_of(evidence.clear, answers);
}

std::vector<std::string> addresses_in(const Message& answer) {
  std::vector<std::string> found;
  for (const auto& record : answer.records())
    if (record.section == Section::answer && (record.type == Type::a || record.type == Type::aaaa))
      found.push_back(address_text(answer.rdata(record)));
  return found;
}

std::string words_of(const Message& answer) {
  const auto addresses = addresses_in(answer);
  if (!addresses.empty()) return fmt::format("{}", fmt::join(addresses, ", "));
  return fmt::format("{}, {} record{}", to_string(answer.rcode()), answer.index().answers,
                     answer.index().answers == 1 ? "" : "s");
}

std::string question_text(const Question& question) {
  return fmt::format("{} {}", question.name.to_string(), to_string(question.type));
}

Finding silent(std::string check, std::string asked, const Seen& all) {
  std::string why = "no answer";
  for (const auto* seen : all)
    if (seen->outcome.trouble && !seen->outcome.trouble->detail.empty()) why = seen->outcome.trouble->detail;
  return {.check = std::move(check),
          .severity = Severity::unknown,
          .asked = std::move(asked),
          .seen = fmt::format("{} of {} answered: {}", answered(all), all.size(), why),
          .means = "this could not be found out: plain DNS does not pass, or there is no network"};
}

}  // namespace tacet
