#include "cli/doctor/doctor.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <future>
#include <iterator>
#include <ostream>
#include <random>
#include <system_error>

#include "base/log.hpp"
#include "cli/doctor/browser_settings.hpp"
#include "cli/doctor/machine_facts.hpp"
#include "cli/doctor/portal_probe.hpp"
#include "cli/doctor/probing.hpp"
#include "cli/doctor/report.hpp"
#include "cli/terminal.hpp"
#include "dns/wire.hpp"
#include "doctor/path_plan.hpp"

namespace tacet {
namespace {

constexpr int could_not_run = 3;

std::string random_label() {
  std::random_device random;
  std::string label(12, 'a');
  for (char& letter : label) letter = static_cast<char>('a' + random() % 26);
  return label;
}

bool wants(const DoctorRequest& request, std::string_view group) {
  return request.only.empty() || std::ranges::find(request.only, group) != request.only.end();
}

bool wants_any(const DoctorRequest& request, std::initializer_list<std::string_view> groups) {
  return std::ranges::any_of(groups, [&](std::string_view group) { return wants(request, group); });
}

Result<Canaries> canaries_of(const DoctorRequest& request) {
  if (request.canaries.empty()) return built_in_canaries();
  std::ifstream file(request.canaries);
  if (!file) return fail(Fault::system, fmt::format("{} cannot be read", request.canaries));
  auto read = read_canaries(std::string(std::istreambuf_iterator<char>(file), {}));
  if (!read) return fail(read.error().fault, fmt::format("{}: {}", request.canaries, read.error().detail));
  return read;
}

std::vector<SocketAddress> own_resolvers(const HostFacts& host) {
  std::vector<std::string> own = host.own_addresses;
  for (const auto& interface : interface_facts())
    own.insert(own.end(), interface.addresses.begin(), interface.addresses.end());
  return network_resolvers(own);
}

ProbePlan plan_for(const DoctorRequest& request, const Canaries& canaries, const Config& config,
                   const HostFacts& host) {
  ProbePlan plan;
  if (wants(request, "path")) plan.clear = plan_path(canaries, {own_resolvers(host), {random_label(), random_label()}});
  if (wants(request, "path")) plan.references = reference_questions(plan.clear);
  if (wants(request, "net") && request.portal_probe)
    if (const auto query = portal_query(canaries, own_resolvers(host))) plan.clear.push_back(*query);
  if (plan.references.empty() && wants(request, "clock"))
    for (const auto& name : canaries.signed_names) plan.references.push_back({name, Type::ns});
  if (wants_any(request, {"reach", "who", "net", "tls", "self", "warp"})) plan.tries = plan_tries(config);
  plan.compare_roots = wants(request, "tls");
  plan.traces = wants_any(request, {"who", "warp"});
  return plan;
}

/// Adds the times in which the signatures of this answer are valid.
void add_windows(const Message& answer, std::vector<std::pair<WallTime, WallTime>>& windows) {
  constexpr std::size_t expiration = 8, inception = 12, least = 18;
  for (const auto& record : answer.records()) {
    const Bytes rdata = answer.rdata(record);
    if (record.type != Type::rrsig || rdata.size() < least) continue;
    const auto at = [&](std::size_t place) { return WallTime(std::chrono::seconds(load32(rdata, place))); };
    windows.emplace_back(at(inception), at(expiration));
  }
}

/// If the encrypted path is silent, as with a wrong clock, uses the plain answers.
ClockFacts clock_facts_with(const PathEvidence& path) {
  auto facts = clock_facts();
  for (const auto& reference : path.encrypted) add_windows(reference.message, facts.signatures);
  if (!facts.signatures.empty()) return facts;
  for (const auto& seen : path.clear)
    if (const Message* answer = seen.outcome.first()) add_windows(*answer, facts.signatures);
  return facts;
}

/// What was found out, by group.
class Judgements {
public:
  explicit Judgements(const DoctorRequest& request) : request_(request) {}
  void add(std::string_view group, std::vector<Finding> findings) {
    if (wants(request_, group)) all_.insert(all_.end(), findings.begin(), findings.end());
  }
  std::vector<Finding> all() && { return std::move(all_); }

private:
  const DoctorRequest& request_;
  std::vector<Finding> all_;
};

/// What the first trace says of WARP; empty without one.
std::string warp_of(const UpstreamEvidence& upstreams) {
  const auto traced =
      std::ranges::find_if(upstreams.tries, [](const ReachTry& each) { return each.trace.has_value(); });
  return traced == upstreams.tries.end() ? std::string() : traced->trace->warp;
}

std::vector<Finding> judge(const DoctorRequest& request, const Canaries& canaries, ProbeResult& result,
                           const HostFacts& host) {
  Judgements found(request);
  const auto clock = clock_facts_with(result.path);
  auto about_portal = portal_facts();
  if (request.portal_probe) about_portal.probe = probe_portal(canaries, result.path);
  const auto portal = judge_portal(result.path, result.upstreams, about_portal);
  if (is_wrong(clock)) result.upstreams.why_untrusted = "clock";
  if (portal.severity == Severity::failure) result.upstreams.why_untrusted = portal.check;
  const auto tls = judge_tls(result.upstreams);
  if (exit_status(tls) != 0) result.path.identities.clear();  // the servers did not tell them
  if (!result.path.clear.empty()) found.add("path", judge_path(result.path));
  found.add("reach", judge_reach(result.upstreams));
  found.add("tls", tls);
  found.add("who", judge_sites(result.upstreams));
  found.add("net", judge_families(result.upstreams));
  found.add("net", {portal});
  found.add("host", judge_host(host));
  found.add("host", judge_containers(container_facts(host)));
  if (wants(request, "host")) found.add("host", judge_browsers(browser_profiles()));
  found.add("warp", judge_warp(interface_facts(), host, warp_of(result.upstreams)));
  found.add("clock", {judge_clock(clock)});
  found.add("self", judge_greeting(result.upstreams));
  return std::move(found).all();
}

int complain(const Streams& to, const std::string& why) {
  to.err << "tacet: " << why << '\n';
  return could_not_run;
}

void announce(const ProbePlan& plan, const Canaries& canaries, const Streams& to) {
  if (expired(canaries, SystemClock().wall_time()))
    to.err << fmt::format("tacet: the list of canaries ended on {}: results may be wrong (newer ones: --canaries)\n",
                          canaries.expires);
  if (plan.clear.empty()) return;
  to.err << fmt::format(
      "tacet: sends {} questions for fixed public names in clear, on purpose, to see what the network "
      "does to them (tacet doctor --dry-run lists them)\n",
      plan.clear.size());
}

void note_arrival(Result<void> arrived, HostFacts& host) {
  host.names_arrive = arrived.has_value();
  if (!arrived) host.names_trouble = std::move(arrived.error().detail);
}

/// Measures with the same questions on every way.
int run_paths(const DoctorRequest& request, const Config& config, const Streams& to) {
  constexpr std::size_t times = 20;
  const auto measured = measure_paths(config, times);
  if (!measured) return complain(to, measured.error().detail);
  to.out << (request.json ? path_times_json(*measured) : path_times_text(*measured));
  const auto answered = [](const PathTimes& each) { return !each.round_trips.empty(); };
  return std::ranges::any_of(*measured, answered) ? 0 : could_not_run;
}

}  // namespace

int run_doctor(const DoctorRequest& request, const CommandLine& given, const Streams& to) {
  const auto config = make_config(given, to.err);
  if (!config) return could_not_run;
  const auto canaries = canaries_of(request);
  if (!canaries) return complain(to, canaries.error().detail);
  log::start(LogLevel::error);
  if (request.paths) return run_paths(request, *config, to);
  const bool looks_at_host = request.portal_probe || wants_any(request, {"host", "warp", "path"});
  HostFacts host = looks_at_host && !request.dry_run ? host_facts(config->control.socket) : HostFacts{};
  const ProbePlan plan = plan_for(request, *canaries, *config, host);
  if (request.dry_run) {
    to.out << rehearsal_text(plan.clear, plan.references.size() + plan.tries.size());
    if (request.portal_probe)
      to.out << "By plain HTTP, from the address that came: GET " << canaries->portal.url << '\n';
    return 0;
  }
  announce(plan, *canaries, to);
  std::future<Result<void>> arriving;  // beside the questions, because both wait where there is no network
  if (wants(request, "host") && host.names_trouble.empty())
    arriving = std::async(std::launch::async, names_reach_tacet, host, config->control.socket);
  auto result = probe(plan, *config);
  if (arriving.valid()) note_arrival(arriving.get(), host);
  if (!result) return complain(to, result.error().detail);
  const auto findings = judge(request, *canaries, *result, host);
  const ReportStyle style{.colours = shows_colours(STDOUT_FILENO), .all = request.all, .redact = request.redact};
  to.out << (request.json ? report_json(findings, result->path.clear, request.redact) : report_text(findings, style));
  return exit_status(findings);
}

}  // namespace tacet
