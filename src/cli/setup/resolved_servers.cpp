#include "cli/setup/resolved_servers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/text_parts.hpp"
#include "cli/setup/command.hpp"

namespace tacet {
namespace {

struct ScopeLine {
  std::string link;
  std::vector<std::string> words;
};

/// "Link 2 (eth0): 192.0.2.1 192.0.2.2" or "Global: 127.0.0.1"; the words may be missing.
std::optional<ScopeLine> read_line(std::string_view text) {
  ScopeLine line;
  if (text.starts_with("Global:")) {
    text.remove_prefix(std::string_view("Global:").size());
  } else {
    const auto open = text.find('(');
    const auto close = text.find("):");
    if (!text.starts_with("Link ") || open == std::string_view::npos || close == std::string_view::npos || close < open)
      return {};
    line.link = text.substr(open + 1, close - open - 1);
    text.remove_prefix(close + 2);
  }
  for (auto word = take_word(text); !word.empty(); word = take_word(text)) line.words.emplace_back(word);
  return line;
}

std::vector<ScopeLine> read_lines(std::string_view text) {
  std::vector<ScopeLine> lines;
  for (const auto part : split(text, '\n'))
    if (auto line = read_line(part)) lines.push_back(*std::move(line));
  return lines;
}

bool has(const std::vector<std::string>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

std::vector<std::string> servers_beside(const ResolvedScope& scope, const std::string& server) {
  std::vector<std::string> others;
  for (const auto& one : scope.servers) {
    if (one == server) continue;
    others.push_back(scope.link.empty() ? one : fmt::format("{} (of {})", one, scope.link));
  }
  return others;
}

}  // namespace

std::vector<ResolvedScope> read_scopes(std::string_view dns, std::string_view domain) {
  std::vector<ResolvedScope> scopes;
  for (auto& line : read_lines(dns)) scopes.push_back({std::move(line.link), std::move(line.words), {}});
  for (auto& line : read_lines(domain)) {
    const auto scope = std::ranges::find(scopes, line.link, &ResolvedScope::link);
    if (scope != scopes.end()) scope->domains = std::move(line.words);
  }
  return scopes;
}

Result<std::vector<ResolvedScope>> resolved_scopes() {
  const auto dns = output_of({.words = {"resolvectl", "dns"}});
  if (!dns) return fail(dns.error());
  const auto domain = output_of({.words = {"resolvectl", "domain"}});
  if (!domain) return fail(domain.error());
  return read_scopes(*dns, *domain);
}

std::vector<std::string> other_servers(const std::vector<ResolvedScope>& scopes, const std::string& server) {
  const auto global = std::ranges::find(scopes, std::string(), &ResolvedScope::link);
  const bool claimed = global != scopes.end() && has(global->domains, every_name) && has(global->servers, server);
  std::vector<std::string> found;
  for (const auto& scope : scopes) {
    const bool asked = scope.link.empty() || !claimed || has(scope.domains, every_name);
    if (asked) std::ranges::move(servers_beside(scope, server), std::back_inserter(found));
  }
  return found;
}

std::vector<ResolvedScope> links_with_every_name(const std::vector<ResolvedScope>& scopes, const std::string& server) {
  std::vector<ResolvedScope> found;
  std::ranges::copy_if(scopes, std::back_inserter(found), [&](const ResolvedScope& scope) {
    return !scope.link.empty() && has(scope.domains, every_name) && !servers_beside(scope, server).empty();
  });
  return found;
}

std::vector<std::string> domains_of_links(const std::vector<ResolvedScope>& scopes, const std::string& server) {
  std::vector<std::string> found;
  for (const auto& scope : scopes) {
    const auto others = servers_beside(scope, server);
    if (scope.link.empty() || scope.domains.empty() || others.empty()) continue;
    found.push_back(fmt::format("{} to {}", fmt::join(scope.domains, ", "), fmt::join(others, ", ")));
  }
  return found;
}

}  // namespace tacet
