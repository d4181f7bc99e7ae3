#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/loop.hpp"
#include "base/text.hpp"
#include "cli/asking.hpp"
#include "cli/live_line.hpp"
#include "cli/query_report.hpp"
#include "cli/verbs.hpp"
#include "cli/words.hpp"
#include "daemon/hosts_file.hpp"
#include "daemon/upstreams.hpp"
#include "daemon/validation_rules.hpp"
#include "dns/edns.hpp"
#include "resolve/policy.hpp"
#include "transport/http/http.hpp"

namespace tacet {
namespace {

Result<Question> make_question(const QueryRequest& request) {
  const auto name = Name::from_text(request.name);
  if (!name)
    return fail(Fault::malformed, fmt::format("'{}' is no domain name: {}", request.name, name.error().detail));
  const auto type = type_from_text(request.type);
  if (!type)
    return fail(Fault::malformed,
                fmt::format("'{}' is no record type, allowed: such as AAAA, or TYPE65", request.type));
  return Question{*name, *type, Class::in};
}

int ask_upstreams(const Question& question, bool shows_signatures, const Config& config, std::ostream& out,
                  std::ostream& err) {
  auto rules = make_validation_rules(config, open_file);
  if (!rules) return complain(err, rules.error());
  const bool validates = (*rules)->mode != DnssecMode::off;
  const Message query = upstream_query(question, shows_signatures || validates, false);
  const TrustStores trust(config);
  if (const auto read = trust.await(); !read) return complain(err, read.error());
  Asking asking(config, trust, *std::move(rules));
  auto outcome = [&] {
    const LiveLine line("asking the upstream");
    return asking.ask(query);
  }();
  if (!outcome) {
    err << failure_report(outcome.error(), asking.reports(query.question().name));
    return 1;
  }
  outcome->shows_signatures = shows_signatures || !outcome->judgement;
  const auto text = upstream_report(query, *outcome);
  if (!text) return complain(err, text.error());
  out << *text;
  return 0;
}

/// The answer of the hosts file, or of policy unless a configured zone has the name; nothing if an upstream must
/// answer.
std::optional<AnswerImage> local_answer(const Question& question, const Config& config) {
  const SystemClock clock;
  Loop loop(clock);
  const std::string name = lower_case(chars_of(question.name.wire()));
  const HostsFile hosts(loop, config.hosts.file, [](const auto&) {});
  if (auto known = hosts.table()->answer(question, bytes_of(name))) return known;
  const auto holds = [&](const ForwardZone& zone) { return question.name.under(Name::from_text(zone.zone).value()); };
  if (std::ranges::any_of(config.forward, holds)) return std::nullopt;
  return Policy(config).local_answer(question);
}

}  // namespace

int run_query(const QueryRequest& request, const CommandLine& given, std::ostream& out, std::ostream& err) {
  const auto config = make_config(given, err);
  if (!config) return 1;
  const auto question = make_question(request);
  if (!question) return complain(err, question.error());
  log::start(LogLevel::error);  // the report has everything that matters here
  if (const auto local = local_answer(*question, *config)) {
    const auto text = local_report(local->wire);
    if (!text) return complain(err, text.error());
    out << *text;
    return 0;
  }
  const HttpLibrary http;
  return ask_upstreams(*question, request.dnssec, *config, out, err);
}

}  // namespace tacet
