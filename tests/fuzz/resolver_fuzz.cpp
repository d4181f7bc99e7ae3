// Drives resolver, cache and upstream set by a series of choices: clients come and go, upstreams answer, lie still and
// fail, time passes, the machine sleeps. After every step, and at the end, what is promised must hold.
#include <deque>
#include <map>
#include <string>

#include "dns/reply.hpp"
#include "fuzz/property.hpp"
#include "pool/pool.hpp"
#include "resolve/resolver.hpp"
#include "unit/pool/upstream_fixture.hpp"

using namespace tacet;
using namespace tacet::fuzz;
using namespace std::chrono_literals;

namespace {

constexpr std::array names{"a.example", "b.example", "www.a.example", "c.d.e.example", "f.example", "g.h.i.j.k.com",
                           "localhost", "x.test",    "lonely",        "l.org",         "m.n.o.org", "p.q.co.uk"};
constexpr std::array types{Type::a, Type::a, Type::aaaa, Type::https, Type::https, Type::any};
constexpr std::array<Duration, 8> delays{0ms, 1ms, 20ms, 120ms, 700ms, 1300ms, 3s, 10s};
constexpr std::array<std::uint32_t, 8> ttls{0, 1, 5, 30, 300, 3600, 86400, 0x7FFFFFFF};

/// What an upstream has said of some question.
struct Given {
  Instant arrives;
  std::uint32_t ttl;
};

/// Questions as keys: the name without case, then the type.
struct Before {
  bool operator()(const Question& a, const Question& b) const {
    if (a.type != b.type) return a.type < b.type;
    return std::ranges::lexicographical_compare(a.name.wire(), b.name.wire(), {}, fold, fold);
  }
};

struct Client {
  std::vector<std::uint8_t> query;
  Instant asked_at;
  Duration asleep_before{};
  std::size_t limit = 0;
  unsigned replies = 0;
  Rcode rcode{};
  bool left = false;
  TaskGroup waiting{};
};

/// One life of a resolver with everything below it.
class Life : fixture::World {
public:
  explicit Life(Choices choices)
      : choices_(choices),
        pending_limit_(choices_.chance() ? 4096 : 4),
        cache_({.size = choices_.chance() ? 8192U : 0U, .max_negative_ttl = 600}),
        set_(scheduler, flights_, metrics_, operators()),
        resolver_({scheduler,
                   flights_,
                   policy_,
                   cache_,
                   borrowed(set_),
                   metrics_,
                   pending_limit_,
                   choices_.chance() ? ExposureMode::active : ExposureMode::passive,
                   {{zone_, borrowed(local_)}}}) {}

  void run() {
    while (!choices_.empty()) {
      step();
      scheduler.run_ready();
      check_bounds();
    }
    pass(5s);
    for (const Client& client : clients_)
      require(client.left || client.replies == 1, "every query is answered exactly once");
    pass(60s);
    recover();
    pass(60s);
    check_end();
  }

private:
  std::vector<UpstreamOperator> operators() {
    std::vector<UpstreamOperator> all;
    for (const std::vector<std::size_t>& services : {std::vector<std::size_t>{3, 1}, std::vector<std::size_t>{2}}) {
      UpstreamOperator& one = all.emplace_back(UpstreamOperator{std::to_string(all.size()), {}});
      for (const std::size_t count : services) {
        UpstreamService& service = one.services.emplace_back();
        for (std::size_t i = 0; i < count; ++i) service.channels.push_back(channel());
      }
    }
    return all;
  }

  std::unique_ptr<Upstream> channel() {
    auto channel =
        std::make_unique<FakeUpstream>(scheduler, std::to_string(channels_.size()), [this](const Message& query) {
          require(!query.question().name.under(zone_), "local names stay local");
          return behave(query.question());
        });
    channel->now_.warm = choices_.chance();
    channel->held_up_ = choices_.chance();
    channels_.push_back(channel.get());
    return channel;
  }

  FakeUpstream::Step behave_locally(const Question& asked) {
    require(asked.name.under(zone_), "the local server is asked nothing else");
    return behave(asked);
  }

  FakeUpstream::Step behave(const Question& asked) {
    if (mood_ != Mood::any) return good_answer(asked, mood_ == Mood::slow ? 400ms : 1ms, 60, 0);
    const Duration delay = delays[choices_.below(delays.size())];
    const std::uint8_t what = choices_.u8();
    if (what % 8 == 0) return {delay, fail(static_cast<Fault>(what / 8 % 14), "by choice")};
    if (what % 8 == 1) {
      const Rcode rcode = what & 8 ? Rcode::servfail : Rcode::refused;
      return {delay, fixture::message(local_answer(asked, rcode, {}))};
    }
    const std::uint32_t ttl = ttls[choices_.below(ttls.size())];
    if (what % 8 > 3) return good_answer(asked, delay, ttl, what / 8);
    given_[asked].push_back({scheduler.now() + delay, ttl});
    const Rcode rcode = what % 8 == 2 ? Rcode::nxdomain : Rcode::noerror;
    return {delay, fixture::message(fixture::negative(asked, rcode, ttl))};
  }

  FakeUpstream::Step good_answer(const Question& asked, Duration delay, std::uint32_t ttl, std::uint8_t variant) {
    given_[asked].push_back({scheduler.now() + delay, ttl});
    return {delay, fixture::message(positive(asked, ttl, variant))};
  }

  /// Some records of the type asked for, whose addresses tell of whom they are.
  AnswerImage positive(const Question& asked, std::uint32_t ttl, std::uint8_t variant) {
    std::vector<LocalRecord> records;
    if (asked.type == Type::https) {
      std::vector<std::uint8_t> rdata{0, static_cast<std::uint8_t>(variant & 1)};
      const Name target = fixture::question(names[variant % names.size()]).name;
      rdata.insert(rdata.end(), target.wire().begin(), target.wire().end());
      records.push_back({asked.name, Type::https, ttl, rdata});
    }
    const std::size_t count = asked.type == Type::https ? 0U : variant % 8 == 7 ? 60U : 1U + variant % 2;
    for (std::size_t i = 0; i < count; ++i)
      records.push_back(a_record(asked.name, ttl, {{192, 0, static_cast<std::uint8_t>(i), mark(asked.name)}}));
    return local_answer(asked, Rcode::noerror, records);
  }

  static std::uint8_t mark(const Name& name) {
    unsigned sum = 0;
    for (const std::uint8_t octet : name.wire()) sum = sum * 31 + fold(octet);
    return static_cast<std::uint8_t>(sum);
  }

  void step() {
    const std::uint8_t what = choices_.u8();
    if (what < 128) {
      const Question asked = chosen_question();
      ask(asked, choices_.u8());
      return;
    }
    if (what < 192) return pass(delays[what % delays.size()]);
    FakeUpstream& channel = *channels_[what % channels_.size()];
    switch (choices_.u8() % 12) {
      case 0:
        return pass(std::chrono::seconds(choices_.u16()));
      case 1:
      case 2:
        channel.now_.warm = !channel.now_.warm;
        return;
      case 3:
      case 4:
        channel.held_up_ = !channel.held_up_;
        return;
      case 5:
        return sleep(std::chrono::seconds(choices_.u8()));
      case 6:
        set_.network_changed();
        return resolver_.forget_failures();
      case 7:
        cache_.clear();
        return;
      case 8:
        cache_.remove(chosen_question().name, Cache::Reach::with_descendants);
        return;
      case 9:
        return leave();
      default:
        return storm();
    }
  }

  void sleep(Duration time) {
    clock.sleep(time);
    for (auto& [question, all] : given_)
      for (Given& given : all)
        if (given.arrives > clock.now() - time) given.arrives = std::max(given.arrives, clock.now());
    scheduler.run_timers(clock.now());
  }

  Question chosen_question() {
    std::string text = names[choices_.below(names.size())];
    const std::uint8_t upper = choices_.u8();
    for (std::size_t i = 0; i < text.size(); ++i)
      if (text[i] >= 'a' && (upper >> i % 8 & 1) != 0) text[i] = static_cast<char>(text[i] - 0x20);
    return fixture::question(text, types[choices_.below(types.size())]);
  }

  /// Many clients at once while upstreams are slow: what hedges are for.
  void storm() {
    mood_ = Mood::slow;
    for (int i = 0; i < 32; ++i) ask(fixture::question("s" + std::to_string(i) + ".example"), 1);
    pass(500ms);
    cache_.clear();
    mood_ = Mood::any;
  }

  /// Once all upstreams work, all is well again.
  void recover() {
    mood_ = Mood::good;
    cache_.clear();
    for (const char* name : names) {
      const Client& client = ask(fixture::question(name), 1);
      pass(1s);
      require(client.replies == 1 && client.rcode != Rcode::servfail, "every name is answered once upstreams work");
    }
    mood_ = Mood::any;
  }

  Client& ask(const Question& asked, std::uint8_t bits) {
    const auto flags = static_cast<std::uint16_t>((bits & 7 ? flag::rd : 0) | (bits & 8 ? flag::cd : 0));
    Client& client = clients_.emplace_back();
    client.query = fixture::client_query(asked, choices_.u16(), flags);
    if (bits & 16) client.query = fixture::with_opt(client.query, (bits & 32) != 0);
    client.asked_at = clock.now();
    client.asleep_before = clock.asleep();
    std::vector<std::uint8_t>& out = bits & 64 ? small_buffer_ : large_buffer_;
    client.limit = out.size();
    const MessageIndex index = index_message(client.query).value();
    auto now = resolver_.answer_now({client.query, index, clock.now(), client.limit}, out);
    if (const auto* size = std::get_if<std::size_t>(&now))
      check_reply(client, Bytes(out).first(*size));
    else
      client.waiting.spawn(wait(std::get<Miss>(std::move(now)), client));
    return client;
  }

  Task<void> wait(Miss miss, Client& client) {
    const Reply reply = co_await resolver_.answer(miss);
    check_reply(client, reply);
  }

  void leave() {
    if (clients_.empty()) return;
    Client& client = clients_[choices_.u8() % clients_.size()];
    client.waiting.cancel();
    client.left = client.replies == 0;
  }

  void check_reply(Client& client, Bytes octets) {
    ++client.replies;
    const Duration slept = clock.asleep() - client.asleep_before;
    require(clock.now() - client.asked_at <= Resolver::answer_limit + slept, "every query is answered in time");
    const Message query = Message::parse(client.query).value();
    const Question asked = query.question();
    const Result<Message> parsed = Message::parse(copy_of(octets));
    require(parsed.has_value(), "a reply can be read");
    const Message& reply = *parsed;
    client.rcode = reply.rcode();
    require(octets.size() <= client.limit, "a reply is not too large for its client");
    require(reply.id() == query.id() && reply.index().has(flag::qr), "a reply has its query's ID");
    const Question echoed = reply.question();
    require(std::ranges::equal(echoed.name.wire(), asked.name.wire()) && echoed == asked,
            "a reply has its query's question");
    require(reply.index().has_edns == query.index().has_edns, "an OPT for those who sent one");
    if (policy_.local_answer(asked)) return;
    for (const ResourceRecord& record : reply.records()) check_record(asked, reply, record);
  }

  void check_record(const Question& asked, const Message& reply, const ResourceRecord& record) {
    if (record.type == Type::opt) return;
    const Instant expires = clock.now() + std::chrono::seconds(record.ttl);
    bool known = false;
    bool covered = false;
    for (const Given& given : given_[asked]) {
      if (given.arrives > clock.now()) continue;
      known = true;
      covered = covered || expires <= given.arrives + std::chrono::seconds(given.ttl) + 1s;
    }
    require(known, "nothing is said that no upstream said");
    require(covered || record.ttl <= Resolver::stale_ttl, "no TTL lasts beyond the original");
    if (record.type == Type::a) require(reply.rdata(record)[3] == mark(asked.name), "an address is the asked name's");
  }

  void check_bounds() {
    const CacheStatistics kept = cache_.statistics();
    require(kept.octets <= kept.budget, "the cache stays within its budget");
    require(resolver_.pending() <= 2 * pending_limit_, "on neither way wait more than may");
    std::size_t asked = 0;
    for (const FakeUpstream* channel : channels_) asked += channel->asked.size();
    const auto within = [asked](std::uint64_t copies, double share) {
      return static_cast<double>(copies) <= HedgeBudget::burst + share * static_cast<double>(asked);
    };
    require(within(metrics_.hedges_sent, HedgeBudget::share), "hedges stay within their budget");
    require(within(metrics_.hedges_sent - metrics_.hedges_won, HedgeBudget::share_in_vain), "so do those in vain");
  }

  void check_end() const {
    require(resolver_.pending() == 0, "nobody waits in the end");
    require(flights_.size() == 0, "every flight ends");
    require(flights_.escaped_exceptions() == 0, "no task ends by an exception");
    require(local_.asked.size() == local_.ended, "nor one with the local server");
    for (const FakeUpstream* channel : channels_)
      require(channel->asked.size() == channel->ended && channel->now_.outstanding == 0, "no exchange is left behind");
  }

  enum class Mood { any, slow, good };

  Choices choices_;
  Mood mood_ = Mood::any;  // of all upstreams
  std::size_t pending_limit_;
  Policy policy_{Config{}};
  Cache cache_;
  Metrics metrics_;
  Name zone_ = Name::from_text("org").value();
  FakeUpstream local_{scheduler, "local", [this](const Message& query) { return behave_locally(query.question()); }};
  std::vector<FakeUpstream*> channels_;
  std::map<Question, std::vector<Given>, Before> given_;
  TaskGroup flights_;
  Pool set_;
  Resolver resolver_;
  std::deque<Client> clients_;
  std::vector<std::uint8_t> small_buffer_ = std::vector<std::uint8_t>(512);
  std::vector<std::uint8_t> large_buffer_ = std::vector<std::uint8_t>(4096);
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  if (size > 1024) return 0;
  Life(Choices({octets, size})).run();
  return 0;
}
