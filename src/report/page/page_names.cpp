#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/text.hpp"
#include "dns/name_text.hpp"
#include "report/page/html.hpp"
#include "report/page/page_sections.hpp"

namespace tacet {
namespace {

/// How many rows a table has at most, and how many names a row.
constexpr std::size_t most_failures = 25, most_domains = 40, most_names = 4;

constexpr std::string_view table =
    R"(<h3>{0}</h3><div class="wide" role="region" aria-label="{0}" tabindex="0"><table><thead><tr>{1}</tr></thead><tbody>{2}</tbody></table></div>)";

std::string heading(std::string_view words, std::string_view kind = "") {
  return fmt::format(R"(<th scope="col"{}>{}</th>)", kind, words);
}
std::string number_heading(std::string_view words) { return heading(words, R"( class="num")"); }

std::string ago(Instant then, Instant now) {
  return duration_words(std::max(0.0, std::chrono::duration<double>(now - then).count())) + " ago";
}

std::string text_of(const std::string& wire) { return html_text(name_text(bytes_of(wire))); }

std::string failure_row(const FailedQuestion& question, Instant now) {
  return fmt::format(
      R"(<tr><th scope="row"><code>{}</code><small>{}</small></th><td>{}</td><td class="num">{}</td><td>{}</td></tr>)",
      text_of(question.name), html_text(to_string(question.type)), html_text(question.why), count_words(question.times),
      ago(question.last, now));
}

std::string failures(const PageView& view) {
  std::vector<FailedQuestion> last = view.names->failures;
  std::ranges::sort(last, std::greater{}, &FailedQuestion::last);
  if (last.empty()) return "<p>Every question got an answer.</p>";
  std::string rows;
  for (std::size_t i = 0; i < std::min(last.size(), most_failures); ++i) rows += failure_row(last[i], view.now);
  return fmt::format(table, "The last questions without an answer",
                     heading("Name") + heading("Why") + number_heading("Times") + heading("Last"), rows);
}

std::string names_of(const DomainExposure& domain) {
  std::string out;
  for (std::size_t i = 0; i < std::min(domain.names.size(), most_names); ++i)
    out += (i == 0 ? "" : ", ") + text_of(domain.names[i]->name);
  if (domain.names.size() > most_names) out += fmt::format(" and {} more", domain.names.size() - most_names);
  return out;
}

std::string domain_row(const DomainExposure& domain) {
  const StateCounts& states = domain.states;
  return fmt::format(
      R"(<tr><th scope="row"><code>{}</code><small>{}</small></th><td class="num">{}</td><td class="num">{}</td><td class="num">{}</td><td class="num">{}</td></tr>)",
      html_text(domain.domain), names_of(domain), count_words(domain.queries), count_words(states[EchState::ech]),
      count_words(states[EchState::no_ech] + states[EchState::no_https]), count_words(states[EchState::unknown]));
}

std::string domains(const PageView& view) {
  const auto all = by_domain(*view.names);
  if (all.empty()) return {};
  std::string rows;
  for (std::size_t i = 0; i < std::min(all.size(), most_domains); ++i) rows += domain_row(all[i]);
  std::string out =
      fmt::format(table, "Sites that programs asked for",
                  heading("Site and its names") + number_heading("Questions") + number_heading("Can be hidden") +
                      number_heading("Visible") + number_heading("Unknown"),
                  rows);
  if (all.size() > most_domains)
    out += fmt::format("<p class=\"lead\">And {} more: <code>tacet exposure --json</code> lists them.</p>",
                       all.size() - most_domains);
  return out;
}

}  // namespace

std::string names_section(const PageView& view) {
  if (view.names == nullptr) return {};
  const bool kept = view.exposure.mode != ExposureMode::off;
  return fmt::format(
      R"(<section aria-labelledby="names-title" id="names"><h2 id="names-title">Names that programs asked for</h2>)"
      R"(<p class="lead">Made when this page was loaded. Its address is a secret for ten minutes; then ask for another one: <code>tacet status --page --names</code></p>{}</section>)",
      kept ? failures(view) + domains(view) : "<p>tacet keeps no names (<code>exposure.mode</code> is off).</p>");
}

}  // namespace tacet
