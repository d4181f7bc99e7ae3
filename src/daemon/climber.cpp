#include "daemon/climber.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/shield.hpp"
#include "transport/network/network_identity.hpp"

namespace tacet {
namespace {

/// A way on trial is given up earlier than the configured one, because nothing is known in its favour.
constexpr Duration trial_patience = std::chrono::milliseconds(350);
/// What is found within this time is said in one line.
constexpr Duration say_after = std::chrono::seconds(1);

bool sends_name(const UpstreamConfig& upstream) { return !upstream.host_is_address && upstream.sni == Sni::send; }

std::string_view words_of(Rung way) {
  switch (way) {
    case Rung::no_name:
      return "without its name in the greeting";
    case Rung::split_greeting:
      return "with a greeting in two pieces";
    case Rung::proxy:
      return "by ladder_proxy";
    default:
      return "as configured";
  }
}

std::vector<Ladder::Server> ladders_of(const std::vector<Climber::Server>& servers, const Config& config) {
  std::vector<Ladder::Server> ladders;
  for (const Climber::Server& each : servers) {
    auto ways = ways_to(each.server->context().config, config);
    if (each.is_reserve) ways.front() = Rung::other_transport;
    ladders.push_back({each.operator_place, LadderServer(std::move(ways), config.ladder)});
  }
  return ladders;
}

}  // namespace

std::vector<Rung> ways_to(const UpstreamConfig& upstream, const Config& config) {
  std::vector<Rung> ways{Rung::configured};
  if (config.ladder == LadderMode::off || upstream.proxy.is_used()) return ways;
  if (upstream.encryption == Encryption::doq) return ways;  // what follows is made of TCP
  if (sends_name(upstream)) ways.push_back(Rung::no_name);
  ways.push_back(Rung::split_greeting);
  if (config.ladder_proxy.is_used() && !upstream.via.is_set()) ways.push_back(Rung::proxy);
  return ways;
}

Climber::Climber(Loop& loop, const Config& config, std::shared_ptr<LadderMemory> memory, std::vector<Server> servers)
    : loop_(loop),
      mode_(config.ladder),
      proxy_(config.ladder_proxy),
      memory_(std::move(memory)),
      servers_(std::move(servers)),
      ladder_(ladders_of(servers_, config)),
      network_(NetworkIdentity::take().value_or(std::string())),
      look_(loop.scheduler(), [this] { carry_out(); }),
      say_(loop.scheduler(), [this] { say(); }),
      looks_end_(loop, [this] { finish_looks(); }) {
  recall();
}

void Climber::saw(std::size_t place, const GreetingSight& sight) {
  if (mode_ == LadderMode::off) return;
  ladder_.saw(place, sight.way, sight.showed, sight.connected, loop_.now());
  // Without memory the way of now stays. The next connection shows the same.
  shielded(0, [&] {
    if (sight.showed == GreetingOutcome::greeted && sight.address)
      memory_->keep_address(network_, url_of(place), *sight.address);
    carry_out();
    return 0;
  });
}

void Climber::carry_out() {
  for (std::size_t place = 0; place < servers_.size(); ++place) {
    take_way(place);
    if (ladder_.servers()[place].ladder.has_news()) remember(place);
  }
  look();
  if (!say_.armed() && std::ranges::any_of(ladder_.servers(),
                                           [](const Ladder::Server& each) { return each.ladder.block().has_value(); }))
    say_.arm(loop_.now() + say_after);
}

void Climber::take_way(std::size_t place) {
  UpstreamServer& server = *servers_[place].server;
  DialPath path = path_of(place, ladder_.servers()[place].ladder.way());
  if (path != *server.path()) server.take(std::move(path));
}

DialPath Climber::path_of(std::size_t place, Rung way) const {
  const UpstreamConfig& config = servers_[place].server->context().config;
  DialPath path{.proxy = config.proxy, .via = config.via, .rung = way};
  const LadderServer& ladder = ladder_.servers()[place].ladder;
  if (ladder.on_trial() && way != ladder.proven()) path.patience = trial_patience;
  if (way == Rung::no_name) path.sni = Sni::omit;
  if (way == Rung::split_greeting) path.framing = HelloFraming::split;
  if (way == Rung::proxy) path.proxy = proxy_;
  return path;
}

// The connections beside the queries.

void Climber::look() {
  while (const auto due = ladder_.look(loop_.now())) begin_look(*due);
  const Instant next = ladder_.next_look();
  if (next == Instant::max()) return look_.disarm();
  look_.arm(next);
}

void Climber::begin_look(const Ladder::Look& look) {
  auto begun = std::make_unique<Probing>(look, std::nullopt, nullptr);
  begun->probe = std::make_unique<GreetingProbe>(*servers_[look.server].server, path_of(look.server, look.at.way),
                                                 [this, &own = *begun](GreetingOutcome showed) {
                                                   own.showed = showed;
                                                   looks_end_.post();
                                                 });
  probing_.push_back(std::move(begun));
}

void Climber::finish_looks() {
  for (const auto& each : probing_)
    if (each->showed) ladder_.looked(each->look, *each->showed, loop_.now());
  std::erase_if(probing_, [](const auto& each) { return each->showed.has_value(); });
  carry_out();
}

// What is known of this network.

void Climber::network_changed() {
  auto network = NetworkIdentity::take().value_or(std::string());
  if (network == network_ && !network.empty()) {
    for (std::size_t place = 0; place < servers_.size(); ++place)
      servers_[place].server->expect(memory_->address(network_, url_of(place)));
    return;
  }
  network_ = std::move(network);
  probing_.clear();
  ladder_.begin_again();
  say_.disarm();
  recall();
  for (std::size_t place = 0; place < servers_.size(); ++place) take_way(place);
}

void Climber::recall() {
  const Instant now = loop_.now();
  for (std::size_t place = 0; place < servers_.size(); ++place) {
    ladder_.servers()[place].ladder.begin(memory_->find(network_, url_of(place), now));
    servers_[place].server->expect(memory_->address(network_, url_of(place)));
    take_way(place);
  }
  look_.arm(now);
}

void Climber::remember(std::size_t place) {
  const LadderServer& ladder = ladder_.servers()[place].ladder;
  const auto block = ladder.block();
  const Instant now = loop_.now();
  if (block && !ladder.advice()) {
    const Rung way = ladder.is_at_foot() ? Rung::other_transport : ladder.proven();
    memory_->keep(network_, url_of(place), {way, *block, now + LadderServer::retry_interval, {}}, now);
  } else {
    memory_->forget(network_, url_of(place));
  }
  if (ladder.works() && !block && memory_->is_new(network_, "", now))
    log::info("this network does not block {} any more", url_of(place));
}

std::vector<std::string> Climber::passed_over() const {
  std::vector<std::string> urls;
  for (std::size_t place = 0; place < servers_.size(); ++place) {
    const LadderServer& ladder = ladder_.servers()[place].ladder;
    if (ladder.block() && !ladder.advice() && ladder.is_at_foot()) urls.push_back(url_of(place));
  }
  return urls;
}

/// One line for a network, unless something has changed.
void Climber::say() {
  std::vector<std::string> blocks;
  for (std::size_t place = 0; place < servers_.size(); ++place)
    if (auto words = words_for(place); !words.empty()) blocks.push_back(std::move(words));
  const auto text = fmt::format("{}", fmt::join(blocks, "; "));
  if (!text.empty() && memory_->is_new(network_, text, loop_.now())) log::warn("this network seems to block {}", text);
}

/// What is blocked, by what, and which way is used; empty if it is not blocked, or if that is not sure yet.
std::string Climber::words_for(std::size_t place) const {
  const Ladder::Server& server = ladder_.servers()[place];
  const auto block = server.ladder.block();
  if (!block) return {};
  const auto seen = fmt::format("{} ({})", url_of(place), to_string(*block));
  if (const auto advice = server.ladder.advice())
    return fmt::format("{}: it would be reached {}, which `ladder: on` allows", seen, words_of(*advice));
  if (!server.ladder.is_at_foot())
    return fmt::format("{}: tacet reaches it {}", seen, words_of(server.ladder.proven()));
  for (std::size_t other = 0; other < servers_.size(); ++other)
    if (other != place && servers_[other].operator_place == server.operator_place &&
        ladder_.servers()[other].ladder.works())
      return fmt::format("{}: tacet uses {} of the same operator", seen, url_of(other));
  return {};
}

std::vector<WayReport> Climber::reports() const {
  std::vector<WayReport> reports;
  for (std::size_t place = 0; place < servers_.size(); ++place) {
    const LadderServer& ladder = ladder_.servers()[place].ladder;
    reports.push_back({url_of(place), ladder.way(), ladder.block(), ladder.advice()});
  }
  return reports;
}

}  // namespace tacet
