#include "transport/upstream_server.hpp"

#include <new>
#include <utility>

#include "base/flagged.hpp"
#include "base/log.hpp"
#include "transport/dot.hpp"
#include "transport/http/doh.hpp"
#include "transport/quic/doq.hpp"

namespace tacet {
namespace {

/// Cloudflare resets idle DoT connections after 10 s: close them before that. HTTP servers are more patient: the large
/// ones keep idle connections for four minutes or more, and the others say goodbye. An idle connection costs no packet
/// and no wake-up.
constexpr Duration dot_idle = std::chrono::seconds(9), doh_idle = std::chrono::seconds(240);
/// For a server that tells no limit. Many NATs forget a UDP flow after 30 s.
constexpr Duration doq_idle = std::chrono::seconds(25);
/// Connections beyond the first two serve while queries get lost. A lull needs none of them.
constexpr Duration spare_idle = std::chrono::seconds(50);
constexpr std::size_t kept_long = 2;
constexpr Duration lookup_limit = std::chrono::seconds(4);
constexpr Duration ends_by_itself_for = std::chrono::minutes(1);
/// Sixteen at once are in use (`channel_quota`). The rest is for those that wait for a slow name.
constexpr std::size_t most_brief_sockets = 24;
/// All sixteen are dialled at once: one after the other would take a round trip each.
constexpr AttemptPace::Limits brief_pace{.most = 16, .spacing = Duration::zero()};

std::vector<DialTarget> targets(const std::vector<IpAddress>& addresses, std::uint16_t port) {
  std::vector<DialTarget> targets;
  for (const IpAddress& address : addresses) targets.emplace_back(address, port);
  return targets;
}

std::vector<DialTarget> pinned(const UpstreamConfig& config) {
  if (!config.addresses.empty()) return targets(config.addresses, config.port);
  if (config.host_is_address) {
    const auto address = IpAddress::from_text(config.host);
    return address ? targets({*address}, config.port) : std::vector<DialTarget>();
  }
  if (needs_bootstrap(config)) return {};
  return {DialTarget::by_name(config.host, config.port)};  // a proxy looks the name up
}

}  // namespace

UpstreamServer::UpstreamServer(UpstreamServerContext context)
    : context_(std::move(context)),
      book_(pinned(context_.config)),
      path_(std::make_shared<const DialPath>(DialPath{.proxy = context_.config.proxy, .via = context_.config.via})),
      tls_({context_.config.host, context_.config.host_is_address, context_.config.sni}, context_.trust),
      brief_budget_(context_.loop.scheduler(), most_brief_sockets, brief_pace) {
  if (needs_lookup()) book_.replace(targets(context_.bootstrap.known(context_.config.host), context_.config.port));
}

void UpstreamServer::saw(const GreetingSight& sight) {
  if (sight.address && sight.showed == GreetingOutcome::greeted) book_.greeted(*sight.address);
  if (sight.address && sight.showed != GreetingOutcome::greeted)
    book_.greeting_failed(*sight.address, context_.loop.now());
  if (sight.showed != GreetingOutcome::greeted) doubt_addresses();
  if (context_.on_greeting) context_.on_greeting(sight);
}

void UpstreamServer::ended_by_itself() { ends_by_itself_until_ = context_.loop.now() + ends_by_itself_for; }

Task<Result<void>> UpstreamServer::look_up() {
  const Instant deadline = context_.loop.now() + lookup_limit;
  Result<std::vector<IpAddress>> found = co_await context_.bootstrap.resolve(context_.config.host, deadline);
  if (!found) co_return fail(std::move(found.error()));
  book_.replace(targets(*found, context_.config.port));
  co_return Result<void>{};
}

void UpstreamServer::renew_addresses() {
  if (renews_ || !needs_bootstrap(context_.config) || needs_lookup()) return;
  if (!context_.bootstrap.is_due(context_.config.host)) return;
  try {
    context_.tasks.spawn(renew());
  } catch (const std::bad_alloc&) {
    log::escaped("a look-up of an upstream's address");
  }
}

/// The book is for all channels, and a race for a connection takes what is new from its next round on.
Task<void> UpstreamServer::renew() {
  const Flagged renewing(renews_);
  static_cast<void>(co_await look_up());
}

void UpstreamServer::doubt_addresses() {
  if (needs_bootstrap(context_.config)) context_.bootstrap.doubt(context_.config.host);
}

std::unique_ptr<Connection> UpstreamServer::connect(ConnectedSocket socket, Connection::Owner& owner) {
  if (context_.config.encryption == Encryption::dot)
    return std::make_unique<DotConnection>(context_.loop, std::move(socket), DotShared{tls_, stray_answers_}, owner);
  if (context_.config.encryption == Encryption::doq)
    return std::make_unique<DoqConnection>(context_.loop, std::move(socket), owner);
  return std::make_unique<DohConnection>(context_.loop, std::move(socket), context_.config,
                                         DohShared{tls_, doh_method_state_}, owner);
}

Duration UpstreamServer::idle_limit(std::size_t channel) const {
  if (context_.config.encryption == Encryption::dot) return dot_idle;
  if (context_.config.encryption == Encryption::doq) return doq_idle;
  return pauses_.limit(channel < kept_long ? doh_idle : spare_idle);
}

bool UpstreamServer::may_say_failing() {
  is_failing_ = true;
  return context_.gates->failing.may_name(context_.config.url, context_.loop.now());
}

bool UpstreamServer::works_again() {
  return std::exchange(is_failing_, false) && context_.gates->failing.works(context_.config.url);
}

void UpstreamServer::network_changed() {
  context_.budget.pace().forget();
  brief_budget_.pace().forget();
  book_.forget();
  pauses_ = {};
  quota_.forget();
  ends_by_itself_until_ = {};
  edns_.forget();
  if (expected_) book_.expect(*expected_);
  doh_method_state_.method = DohMethod::post;  // a middlebox of the old network may have refused it
  tls_.forget_sessions();
}

}  // namespace tacet
