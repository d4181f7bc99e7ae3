#include "cli/usage_fault.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <vector>

#include "config/scalar.hpp"
#include "config/spelling.hpp"

namespace tacet {
namespace {

bool is_option(std::string_view word) { return word.starts_with('-'); }

/// A word without the dashes in front.
std::string_view bare(std::string_view word) { return word.substr(std::min(word.find_first_not_of('-'), word.size())); }

/// What may stand where the word was: options, and in front of the verb also the verbs.
std::vector<std::string> expected(const CLI::App& at) {
  std::vector<std::string> words;
  for (const CLI::Option* option : at.get_options())
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  for (const CLI::App* verb : at.get_subcommands([](const CLI::App*) { return true; }))
    words.push_back(verb->get_name());
  return words;
}

/// ", did you mean --config?"; nothing if no word is near.
std::string suggestion(std::string_view wrong, const CLI::App& at) {
  const auto words = expected(at);
  std::vector<std::string_view> names;
  for (const std::string& word : words) names.push_back(bare(word));
  const auto found = nearest(bare(wrong), names);
  if (found)
    return fmt::format(", did you mean {}?", words[std::size_t(std::ranges::find(names, *found) - names.begin())]);
  if (wrong == "start" || wrong == "stop" || wrong == "restart")
    return fmt::format(" (the service: systemctl {} tacet)", wrong);
  return wrong.find('/') != std::string_view::npos || wrong.ends_with(".yaml") ? " (a file follows --config)" : "";
}

/// The word that is not understood. If an option is none, the next word may be meant as its value. What stands behind a
/// verb that is none may be right.
std::string wrong_word(const std::vector<std::string>& words, bool has_verb) {
  if (!has_verb && !is_option(words.front())) return words.front();
  const auto option = std::ranges::find_if(words, is_option);
  return option == words.end() ? words.front() : *option;
}

/// For what stands in front of the verb: "tacet run" may have the option.
std::string placed(std::string_view wrong, const CLI::App& verb) {
  const auto words = expected(verb);
  if (std::ranges::find(words, wrong.substr(0, wrong.find('='))) == words.end()) return "";
  return fmt::format(" in front of the verb; it comes behind it: tacet {} {}", verb.get_name(), wrong);
}

}  // namespace

std::string usage_fault(const CLI::App* app, const CLI::Error& error) {
  const auto chosen = app->get_subcommands();
  const bool in_front = chosen.empty() || !app->remaining().empty();
  const CLI::App& at = in_front ? *app : *chosen.front();
  const std::string name = chosen.empty() ? "tacet" : "tacet " + chosen.front()->get_name();
  std::string what = error.what();
  if (const auto words = at.remaining();
      !words.empty() && error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError)) {
    const std::string wrong = wrong_word(words, !chosen.empty());
    const char* const kind = is_option(wrong) ? "option" : in_front ? "verb" : "argument";
    const std::string meant = in_front && !chosen.empty() ? placed(wrong, *chosen.front()) : "";
    what = fmt::format("{} has no {} {}{}", in_front ? "tacet" : name, kind, quotation(wrong),
                       meant.empty() ? suggestion(wrong, at) : meant);
  }
  return fmt::format("tacet: {}\n{} --help tells more\n", what, name);
}

}  // namespace tacet
