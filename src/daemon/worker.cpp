#include "daemon/worker.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "base/log.hpp"
#include "base/shield.hpp"
#include "daemon/designations.hpp"
#include "transport/dial/socket.hpp"
#include "transport/network/network_identity.hpp"

namespace tacet {
namespace {

constexpr Duration drain_limit = std::chrono::seconds(1), drain_look = std::chrono::milliseconds(5);

/// True if IPv4 won a race in which IPv6 had its head start (RFC 8305).
bool has_lost_ipv6(const UpstreamConfig& upstream, const ConnectionFacts& facts) {
  if (facts.address.starts_with('[') || !facts.proxy.empty()) return false;
  if (std::ranges::all_of(upstream.addresses, &IpAddress::is_v6)) return false;
  const auto other = std::ranges::find_if(upstream.addresses, &IpAddress::is_v6);
  if (other == upstream.addresses.end()) return false;
  const auto where = kernel_address({.address = *other, .port = upstream.port});
  return where && connected_datagrams(*where).has_value();  // sends nothing: asks for a route
}

}  // namespace

Worker::Worker(const SharedParts& shared, std::vector<ListenSockets> sockets, QueryTap* query_log)
    : exposure_(shared.exposure),
      path_(shared.path),
      sites_(shared.sites),
      ladder_memory_(shared.ladder_memory),
      gates_(shared.gates),
      settings_(shared.settings),
      sockets_(std::move(sockets)),
      loop_(shared.clock),
      admission_(settings_->config.allow, settings_->config.limits, settings_->config.proxy_protocol, gates_),
      nsid_(settings_->nsid),
      upstreams_(upstreams_context(), settings_->config, settings_->trust),
      resolver_({loop_.scheduler(), tasks_, settings_->policy, shared.cache, upstreams_.set_for_others(), metrics_,
                 settings_->config.limits.pending, settings_->config.exposure.mode, upstreams_.zones(),
                 settings_->rebind, settings_->config.exposure.names, settings_->dnssec, gates_}),
      network_(loop_,
               [this] {
                 log::info("the network has changed: connecting afresh");
                 path_.network_changed();
                 present_network_.reset();
                 upstreams_.network_changed();
                 resolver_.forget_failures();
               }),
      own_network_(loop_, [this](OwnNetwork network) { admission_.use(std::move(network)); }),
      make_change_(loop_,
                   [this] {
                     shielded(0, [this] { return make(*std::exchange(change_, std::nullopt)), 0; });
                     changed_.release();
                   }),
      pulse_(loop_, [this] { had_a_turn_.release(); }),
      stop_(loop_, [this] { take_no_more(); }),
      drained_(loop_.scheduler(), [this] { drain(drain_deadline_); }) {
  network_.follow(interfaces_of(settings_->config));
  if (query_log != nullptr) resolver_.journal().log_to(*query_log);
  for (const ListenSockets& listen : sockets_) add_listeners(listen);
}

void Worker::add_listeners(const ListenSockets& listen) {
  ListenerContext context{loop_, tasks_, resolver_, metrics_, admission_, gates_, nsid_};
  const std::size_t clients = settings_->config.limits.tcp_clients;
  context.is_ready = [this] { return is_ready(); };
  if (!is_encrypted(listen.streams)) {
    context.designate =
        &designate_.emplace_back([this, address = listen.address] { return designations(*settings_, address); });
    const int replies = listen.replies ? listen.replies.get() : listen.udp.get();
    udp_.push_back(std::make_unique<UdpListener>(context, listen.udp.get(), replies));
  }
  streams_.push_back(std::make_unique<StreamListener>(context, listen.tcp.get(), clients, listen.streams,
                                                      settings_->certificates.of(listen.streams)));
}

/// True unless every upstream is failing: the next query would get its answer.
bool Worker::is_ready() { return std::ranges::any_of(upstreams_.set().reports(), &ChannelReport::good); }

Worker::~Worker() { tasks_.cancel(); }

UpstreamsContext Worker::upstreams_context() {
  auto on_established = [this](const UpstreamConfig& upstream, const ConnectionFacts& facts) {
    exposure_.established(upstream, facts, loop_.now());
    resolver_.journal().connected(upstream.url, facts, loop_.now());
    if (has_lost_ipv6(upstream, facts))
      path_.lost_ipv6(upstream, loop_.now());
    else
      path_.established(upstream, loop_.now());
  };
  auto on_failed = [this](const UpstreamConfig& upstream, const Error& error) {
    path_.failed(upstream, error, loop_.now());
  };
  auto on_named = [this](const UpstreamConfig& upstream, const std::string& address, const std::string& server) {
    shielded(0, [&] {
      if (!present_network_) present_network_ = NetworkIdentity::take().value_or(std::string());
      sites_.saw(upstream, address, server, *present_network_, loop_.now());
      return 0;
    });
  };
  return {
      loop_, metrics_, {std::move(on_established), std::move(on_failed), std::move(on_named)}, ladder_memory_, gates_};
}

void Worker::start() {
  loop_.post([this] { resolver_.warm_up(); });
  thread_ = std::thread([this] { loop_.run(); });
}

void Worker::take_no_more() {
  for (const auto& listener : udp_) listener->stop();
  for (const auto& listener : streams_) listener->stop();
  drain_deadline_ = loop_.now() + drain_limit;
  drain(drain_deadline_);
}

void Worker::drain(Instant deadline) {
  const bool owes = resolver_.pending() > 0 ||
                    std::ranges::any_of(streams_, [](const auto& listener) { return listener->has_clients(); });
  if (!owes || loop_.now() >= deadline) return loop_.stop();
  drained_.arm(loop_.now() + drain_look);
}

/// Runs `work` on the worker's thread. The caller waits for the result.
Worker::Outcome Worker::ask(std::move_only_function<void()> work) {
  Outcome outcome;
  loop_.post([work = std::move(work), sender = outcome.sender()]() mutable {
    try {
      work();
      sender.send(nullptr);
    } catch (...) {
      sender.send(std::current_exception());
    }
  });
  return outcome;
}

void Worker::await(Outcome outcome) {
  const auto thrown = outcome.take();
  if (!thrown) throw std::bad_alloc();  // the work never began
  if (*thrown) std::rethrow_exception(*thrown);
}

void Worker::ask_and_wait(std::move_only_function<void()> work) { await(ask(std::move(work))); }

void Worker::add_to(Snapshot& snapshot) {
  ask_and_wait([&] {
    snapshot.metrics.add(metrics_);
    snapshot.streak.add(resolver_.journal().streak());
    snapshot.pending += resolver_.pending();
    snapshot.slow_turns += loop_.turns().slow_ones;
    const auto longest = std::chrono::duration_cast<std::chrono::microseconds>(loop_.turns().longest);
    snapshot.longest_turn = std::max(snapshot.longest_turn, static_cast<std::uint64_t>(longest.count()));
    snapshot.plaintext_lookups += upstreams_.plaintext_lookups();
    if (snapshot.dnssec.root_fault.empty()) snapshot.dnssec.root_fault = resolver_.validation().root_fault();
    const auto facts = resolver_.validation().table().counts();
    for (std::size_t state = 0; state < facts.size(); ++state) snapshot.dnssec.zones[state] += facts[state];
    add_channels(snapshot.upstreams, upstreams_.set().reports());
    add_ways(snapshot.upstreams, upstreams_.ways());
    add_zones_to(snapshot);
  });
}

/// Every worker has the same zones, except during a reload.
void Worker::add_zones_to(Snapshot& snapshot) {
  for (ZoneReport& zone : upstreams_.zone_reports()) {
    const auto known = std::ranges::find(snapshot.zones, zone.zone, &ZoneReport::zone);
    if (known == snapshot.zones.end())
      snapshot.zones.push_back(std::move(zone));
    else
      for (UpstreamReport& upstream : zone.upstreams) add_channels(known->upstreams, std::move(upstream.channels));
  }
}

void Worker::use(std::shared_ptr<const Hosts> hosts) {
  loop_.post([this, hosts = std::move(hosts)]() mutable { resolver_.set_hosts(std::move(hosts)); });
}

Worker::Outcome Worker::prepare(std::shared_ptr<const Settings> settings) {
  return ask([this, settings = std::move(settings)] {
    change_.reset();
    change_.emplace(change_to(settings));
  });
}

Worker::Change Worker::change_to(std::shared_ptr<const Settings> settings) {
  const Config& config = settings->config;
  auto upstreams = upstreams_.prepare(config, settings->trust);
  auto routes = resolver_.prepare(config.limits.pending, upstreams.set_for_others(), upstreams.zones());
  return {settings,
          std::move(upstreams),
          std::move(routes),
          settings->rebind,
          Admission(config.allow, config.limits, config.proxy_protocol),
          settings->nsid};
}

void Worker::use_prepared() {
  make_change_.post();
  changed_.acquire();
}

void Worker::make(Change change) {
  const Config& config = change.settings->config;
  upstreams_.use(std::move(change.upstreams));
  resolver_.set_routes(std::move(change.routes));
  resolver_.set_policy(change.settings->policy);
  resolver_.set_rebind_guard(std::move(change.rebind));
  if (change.settings->dnssec != settings_->dnssec)
    shielded(0, [&] { return resolver_.set_dnssec(change.settings->dnssec), resolver_.warm_up(), 0; });
  admission_.use(std::move(change.admission));
  nsid_ = std::move(change.nsid);
  for (const auto& listener : streams_) {
    listener->judge_again(config.limits.tcp_clients);
    listener->use(change.settings->certificates.of(listener->transport()));
  }
  settings_ = std::move(change.settings);  // last: the members above use the former ones
  shielded(0, [this] { return network_.follow(interfaces_of(settings_->config)), 0; });
  shielded(
      0, [this] { return resolver_.set_exposure(settings_->config.exposure), 0; });  // without memory it keeps nothing
}

void Worker::await_turn() {
  pulse_.post();
  had_a_turn_.acquire();
}

void Worker::add_to(ExposureReport& report) {
  ask_and_wait([&] {
    report.plaintext_lookups += upstreams_.plaintext_lookups();
    resolver_.ledger().add_to(report.exposure);
  });
}

AnswerExplanation Worker::explanation(const Question& question) {
  AnswerExplanation explanation;
  ask_and_wait([&] {
    explanation = resolver_.explanation(question);
    explanation.services = upstreams_.set_for(question.name).explanation();
  });
  return explanation;
}

void Worker::forget_names() {
  ask_and_wait([this] { resolver_.ledger().clear(); });
}

Result<NameExposure> Worker::examine(const Name& name) {
  Examined examined;
  loop_.post([this, name, sender = examined.sender()]() mutable { tasks_.spawn(examine(name, std::move(sender))); });
  auto result = examined.take();
  return result ? *std::move(result) : fail(Fault::overloaded, "out of memory: try again later");
}

Task<void> Worker::examine(Name name, Examined::Sender sender) {
  Result<NameExposure> result = co_await resolver_.examine(name);
  sender.send(std::move(result));
}

}  // namespace tacet
