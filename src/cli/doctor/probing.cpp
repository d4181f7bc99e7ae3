#include "cli/doctor/probing.hpp"

#include <algorithm>
#include <list>

#include "base/clock.hpp"
#include "base/descriptor.hpp"
#include "base/loop.hpp"
#include "base/task_group.hpp"
#include "cli/doctor/mozilla_roots.hpp"
#include "cli/doctor/trace_fetches.hpp"
#include "config/address.hpp"
#include "daemon/upstreams.hpp"
#include "daemon/validation_rules.hpp"
#include "dns/edns.hpp"
#include "dns/nsid.hpp"
#include "doctor/path_plan.hpp"
#include "doctor/server_identity.hpp"
#include "resolve/validation/validation.hpp"
#include "transport/dial/socket.hpp"
#include "transport/http/http.hpp"

namespace tacet {
namespace {

constexpr Duration patience = std::chrono::milliseconds(4500);
/// If nothing at all has arrived by now, after the third sending of each plain query, there is no network. More waiting
/// would teach nothing, and a run without a network must end within five seconds, also on a busy machine.
constexpr Duration silence_is_proof_after = std::chrono::milliseconds(3200);

/// The configuration with this upstream alone, at this address alone.
Config only(const Config& config, const ReachTry& each) {
  Config alone = config;
  alone.upstreams = {config.upstreams[each.entry]};
  alone.forward.clear();
  alone.ladder = LadderMode::off;  // the findings are about this way
  if (!each.address.empty()) alone.upstreams.front().addresses = {parse_host_address(each.address).value()};
  if (each.without_sni) alone.upstreams.front().sni = Sni::omit;
  return alone;
}

/// Everything that the questions of one run need.
class Probing {
public:
  explicit Probing(const Config& config)
      : config_(config),
        loop_(clock_),
        clear_(loop_, most_clear_queries),
        validation_({loop_.scheduler(), tasks_, metrics_, seed_}) {}
  ~Probing() { tasks_.cancel(); }

  /// Asks the plain questions, and the same ones encrypted, and judges the answers of both by these rules.
  void compare(const ProbePlan& plan, const TrustStores& trust, std::shared_ptr<const ValidationRules> rules) {
    validation_.use(std::move(rules));
    auto& upstreams = make_upstreams(config_, trust);
    for (const auto& question : plan.references) begin(ask_reference(upstreams, question));
    for (const auto& query : plan.clear)
      begin(
          ask_in_clear(upstreams, in_clear_.emplace_back(ClearSeen{.query = query, .outcome = {}, .judgements = {}})));
  }

  void reach(const ReachTry& each, const Config& config, const TrustStores& trust, std::list<ReachTry>& into) {
    auto& made = into.emplace_back(each);
    const Config& alone = configs_.emplace_back(only(config, each));
    begin(reach_one(make_upstreams(alone, trust), made));
  }
  /// Asks at one address whether it is reached at all.
  void knock_at(ReachTry& each) { begin(knock(each)); }

  /// Each way has a connection of its own.
  void time(PathTimes& each, const TrustStores& trust) {
    const Config& alone = configs_.emplace_back(only(config_, each.way));
    begin(time_one(make_upstreams(alone, trust), each));
  }

  void await() {
    silence_.arm(loop_.now() + silence_is_proof_after);
    if (running_ > 0) loop_.run();
  }

  std::vector<ClearSeen> in_clear() { return {in_clear_.begin(), in_clear_.end()}; }
  std::vector<Reference> references() { return std::move(references_); }

private:
  Upstreams& make_upstreams(const Config& config, const TrustStores& trust) {
    return upstreams_.emplace_back(UpstreamsContext{.loop = loop_, .metrics = metrics_}, config, trust);
  }

  void begin(Task<void> task) {
    ++running_;
    tasks_.spawn(run(std::move(task)));
  }
  Task<void> run(Task<void> task) {
    co_await std::move(task);
    if (--running_ == 0) loop_.stop();
  }

  /// True if anything has come back, an answer or a connection.
  bool has_heard() {
    const auto answered = [](const ClearSeen& seen) { return !seen.outcome.answers.empty(); };
    const auto connected = [](const ChannelReport& channel) { return channel.state.connections > 0; };
    return was_knocked_at_ || !references_.empty() || std::ranges::any_of(in_clear_, answered) ||
           std::ranges::any_of(upstreams_,
                               [&](Upstreams& each) { return std::ranges::any_of(each.set().reports(), connected); });
  }

  Task<void> ask_in_clear(Upstreams& upstreams, ClearSeen& seen) {
    co_await clear_.ask(seen.query, seen.outcome);
    if (!seen.query.dnssec) co_return;
    for (const auto& answer : seen.outcome.answers)
      seen.judgements.push_back(co_await judged(upstreams, answer.message));
  }

  Task<void> ask_reference(Upstreams& upstreams, Question question) {
    const Message query = upstream_query(question, true, true);
    auto response = co_await upstreams.set().exchange(query, loop_.now() + patience);
    if (!response) co_return;
    Reference made{std::move(response->message), {}};
    made.judgement = co_await judged(upstreams, made.message);
    references_.push_back(std::move(made));
  }

  /// What the signatures prove; the keys come over the encrypted path.
  Task<Judgement> judged(Upstreams& upstreams, const Message& message) {
    const Validation::Subject subject{upstreams.set_for_others(), message.question(), std::nullopt,
                                      loop_.now() + patience};
    Inquiry inquiry{.deadline = subject.deadline};
    co_return co_await validation_.settle(subject, message, inquiry);
  }

  Task<void> reach_one(Upstreams& upstreams, ReachTry& each) {
    const Message query = query_with_nsid({Name(), Type::ns});
    each.trouble = Error{Fault::timeout, "no answer"};  // unless one comes
    const auto response = co_await upstreams.set().exchange(query, loop_.now() + patience);
    if (!response) {
      each.trouble = response.error();
      for (const auto& channel : upstreams.set().reports()) {
        if (!channel.state.last_error.empty()) each.words = channel.state.last_error;
        each.connected |= channel.state.connections > 0;
      }
      co_return;
    }
    each.trouble.reset();
    each.facts = response->exchange.facts;
    each.round_trip = response->exchange.round_trip;
    each.padded = is_padded(response->message);
    each.site = nsid_of(response->message);
    if (!each.site.empty()) co_return;
    const Message who = upstream_query({Name::from_text("id.server.").value(), Type::txt, Class::ch}, false, false);
    const auto named = co_await upstreams.set().exchange(who, loop_.now() + std::chrono::seconds(1));
    if (!named) co_return;
    each.site = first_text_of(named->message);
    each.round_trip = std::min(each.round_trip, named->exchange.round_trip);
  }

  /// Connects to another port of the same address, and says nothing there.
  Task<void> knock(ReachTry& each) {
    constexpr std::uint16_t https = 443, dns_over_tls = 853;
    const auto where = kernel_address(
        {.address = parse_host_address(each.address).value(), .port = each.port == https ? dns_over_tls : https});
    auto socket = where ? begin_connect(*where) : fail(where.error());
    if (!socket) {
      was_knocked_at_ |= each.reached_elsewhere = socket.error().fault == Fault::unreachable;
      co_return;
    }
    AutoResetEvent event(loop_.scheduler());
    Watch watch(loop_, socket->get(), [&event](Watch::Ready) { event.set(); });
    watch.want_write(true);
    if (!co_await event.wait(loop_.now() + patience)) co_return;
    const auto connected = finish_connect(socket->get());
    was_knocked_at_ |= each.reached_elsewhere = connected || connected.error().fault == Fault::unreachable;
  }

  Task<void> time_one(Upstreams& upstreams, PathTimes& each) {
    co_await reach_one(upstreams, each.way);
    if (!each.way.works()) co_return;
    const Message query = upstream_query({Name(), Type::ns}, false, false);
    for (std::size_t i = 0; i < each.asked; ++i) {
      const auto response = co_await upstreams.set().exchange(query, loop_.now() + patience);
      if (response) each.round_trips.push_back(response->exchange.round_trip);
    }
    std::ranges::sort(each.round_trips);
  }

  const Config& config_;
  SystemClock clock_;
  Loop loop_;
  Metrics metrics_;
  ClearAsker clear_;
  std::list<ClearSeen> in_clear_;
  std::list<Config> configs_;
  std::list<Upstreams> upstreams_;
  std::vector<Reference> references_;
  std::size_t running_ = 0;
  bool was_knocked_at_ = false;  // some address answered a knock
  HashSeed seed_ = HashSeed::random();
  TaskGroup tasks_;
  Validation validation_;
  Alarm silence_{loop_.scheduler(), [this] {
                   if (!has_heard()) loop_.stop();
                 }};
};

/// True if the kernel has a route to this address. Sends nothing.
bool has_route(const IpAddress& address) {
  const auto where = kernel_address({.address = address, .port = 53});
  return where && connected_datagrams(*where).has_value();
}

/// Doctor proves answers in each mode of the daemon.
Result<std::shared_ptr<const ValidationRules>> validating_rules(Config config) {
  config.dnssec.mode = DnssecMode::on;
  return make_validation_rules(config, open_file);
}

bool passes(const std::vector<ClearSeen>& clear) {
  return std::ranges::any_of(clear, [](const ClearSeen& seen) {
    return seen.query.check != "path.nonserver" && seen.outcome.first() != nullptr;
  });
}

std::string way_of(const UpstreamConfig& upstream) {
  if (upstream.proxy.is_used()) return "through " + to_string(upstream.proxy);
  return upstream.via.is_set() ? "by " + to_string(upstream.via) : std::string();
}

Transport transport_of(Encryption encryption) {
  if (encryption == Encryption::doq) return Transport::doq;
  return encryption == Encryption::dot ? Transport::dot : Transport::doh;
}

}  // namespace

std::vector<ReachTry> plan_tries(const Config& config) {
  std::vector<ReachTry> tries;
  for (std::size_t entry = 0; entry < config.upstreams.size(); ++entry) {
    const UpstreamConfig& upstream = config.upstreams[entry];
    ReachTry each{.entry = entry,
                  .upstream = upstream.url,
                  .operator_name = upstream.operator_name,
                  .transport = transport_of(upstream.encryption),
                  .port = upstream.port,
                  .way = way_of(upstream)};
    std::vector<std::optional<IpAddress>> addresses(upstream.addresses.begin(), upstream.addresses.end());
    if (addresses.empty()) addresses.emplace_back();  // a name that has to be looked up
    for (const auto& address : addresses) {
      each.address = address ? address->to_string() : std::string();
      each.is_ipv6 = address && address->is_v6();
      each.without_sni = false;
      tries.push_back(each);
      if (upstream.sni == Sni::omit) continue;
      each.without_sni = true;
      tries.push_back(each);
    }
  }
  return tries;
}

Result<std::vector<PathTimes>> measure_paths(const Config& config, std::size_t times) {
  const HttpLibrary http;
  const TrustStores trust(config);
  if (const auto read = trust.await(); !read) return fail(read.error());
  std::vector<PathTimes> paths;
  for (const auto& way : plan_tries(config))
    if (!way.without_sni) paths.push_back({.way = way, .asked = times});
  Probing probing(config);
  for (auto& each : paths) probing.time(each, trust);
  probing.await();
  return paths;
}

Result<ProbeResult> probe(const ProbePlan& plan, const Config& config) {
  const HttpLibrary http;
  const TrustStores trust(config);
  if (const auto read = trust.await(); !read) return fail(read.error());
  const auto rules = validating_rules(config);
  if (!rules) return fail(rules.error());
  const MozillaRoots roots;
  Config by_mozilla = config;
  for (auto& upstream : by_mozilla.upstreams) upstream.ca_file = roots.path();
  const bool compare = plan.compare_roots && roots.present();
  const TrustStores mozilla = compare ? TrustStores(by_mozilla) : TrustStores();
  if (const auto read = mozilla.await(); !read) return fail(read.error());
  Probing probing(config);
  std::list<ReachTry> tries, compared;
  probing.compare(plan, trust, *rules);
  for (const auto& each : plan.tries) {
    probing.reach(each, config, trust, tries);
    const bool direct = each.way.empty() && !each.address.empty();  // never past a proxy or another interface
    if (direct && !each.without_sni) probing.knock_at(tries.back());
  }
  for (const auto& each : plan.tries) {
    if (compare && config.upstreams[each.entry].ca_file.empty()) probing.reach(each, by_mozilla, mozilla, compared);
  }
  TraceFetches traces;
  for (auto& each : tries)
    if (plan.traces) traces.begin(config.upstreams[each.entry], each);
  probing.await();
  traces.await();
  ProbeResult result;
  result.path.clear = probing.in_clear();
  result.path.encrypted = probing.references();
  for (const auto& each : tries)
    if (!each.address.empty() && !each.site.empty()) result.path.identities.emplace(each.address, each.site);
  result.upstreams = {.tries = {tries.begin(), tries.end()},
                      .with_mozilla_roots = {compared.begin(), compared.end()},
                      .has_ipv4_route = has_route("1.1.1.1"),
                      .has_ipv6_route = has_route("2606:4700:4700::1111"),
                      .plain_dns_passes = passes(result.path.clear)};
  return result;
}

}  // namespace tacet
