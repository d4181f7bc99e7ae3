// Sends N padded queries with K in flight over one DoH connection at a time to a server on an address, and prints what
// they cost; by GET if DOH_BENCH_GET is set, else by POST. With "churn" it destroys the connection at random moments
// with queries in flight, again and again.
//   doh_bench HOST ADDRESS PORT CA_FILE N K [churn]
#include <fmt/core.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <random>
#include <string>
#include <unordered_map>

#include "dns/edns.hpp"
#include "transport/dial/socket.hpp"
#include "transport/http/doh.hpp"
#include "transport/http/http.hpp"

namespace {

using namespace tacet;

struct Plan {
  UpstreamConfig upstream;
  SocketAddress address;
  std::uint64_t queries, in_flight;
  bool churn;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Load final : public Connection::Owner {
public:
  Load(Loop& loop, TlsClient& tls, const Plan& plan)
      : loop_(loop),
        tls_(tls),
        plan_(plan),
        query_(upstream_query({.name = *Name::from_text("www.example.com"), .type = Type::a}, false, false)),
        churn_(loop.scheduler(), [this] { lose(); }) {
    if (std::getenv("DOH_BENCH_GET") != nullptr) method_state_.method = DohMethod::get;
  }

  void connect() {
    ++connections_;
    connecting_ = *begin_connect(*kernel_address(plan_.address));
    writable_ = std::make_unique<Watch>(loop_, connecting_.get(), [this](Watch::Ready) { connected(); });
    writable_->want_write(true);
  }

  void on_established() override {
    ++established_;
    const auto& f = *connection_->facts();
    if (!plan_.churn || established_ == 1 || established_ == 2)
      fmt::print("{} sni '{}' verified '{}' {} {} resumed {}\n", f.address, f.sni, f.verified, f.tls_version,
                 f.key_exchange, f.resumed);
  }
  void on_received() override { ++received_; }
  void on_answer(Tag tag, Result<Message> answer) override {
    latest_ = std::max(latest_, loop_.now() - sent_.at(tag));
    sent_.erase(tag);
    if (answer) {
      ++answers_;
    } else if (failures_++ < 5) {
      fmt::print("failure: {}: {}\n", to_string(answer.error().fault), answer.error().detail);
    }
    if (answers_ + failures_ >= plan_.queries) return finish();
    ask();
  }
  void on_closed(Error why) override {
    if (closed_++ < 5) fmt::print("closed: {}: {}\n", to_string(why.fault), why.detail);
    if (closed_ > 20 && !plan_.churn) return finish();
    lose();
  }

private:
  void connected() {
    writable_.reset();
    if (auto done = finish_connect(connecting_.get()); !done) {
      fmt::print("connect: {}\n", done.error().detail);
      return loop_.stop();
    }
    budget_.take();
    connection_ =
        std::make_unique<DohConnection>(loop_, ConnectedSocket(std::move(connecting_), plan_.address, budget_),
                                        plan_.upstream, DohShared{tls_, method_state_}, *this);
    while (sent_.size() < plan_.in_flight && asked_ < plan_.queries) ask();
    if (plan_.churn) churn_.arm(loop_.now() + std::chrono::microseconds(random_() % 12000));
  }

  /// Destroys the connection with whatever is in flight; the next one asks again.
  void lose() {
    churn_.disarm();
    connection_.reset();
    asked_ -= sent_.size();
    sent_.clear();
    connect();
  }

  void ask() {
    if (asked_ >= plan_.queries) return;
    ++asked_;
    sent_[++tag_] = loop_.now();
    connection_->send(tag_, query_);
    if (plan_.churn && random_() % 5000 == 0)
      loop_.post([this, c = connections_] {
        if (c == connections_ && connection_) lose();
      });
  }

  void finish() {
    churn_.disarm();
    connection_.reset();
    fmt::print("answers {} failures {} connections {} established {} closed {} received-events {} max {:.1f} ms\n",
               answers_, failures_, connections_, established_, closed_, received_,
               std::chrono::duration<double, std::milli>(latest_).count());
    loop_.stop();
  }

  Loop& loop_;
  TlsClient& tls_;
  DohMethodState method_state_;
  const Plan& plan_;
  Message query_;
  Alarm churn_;
  SocketBudget budget_{loop_.scheduler(), 8};
  Descriptor connecting_;
  std::unique_ptr<Watch> writable_;
  std::unique_ptr<DohConnection> connection_;
  std::unordered_map<Tag, Instant> sent_;
  std::minstd_rand random_{7};
  Tag tag_ = 0;
  std::uint64_t asked_ = 0, answers_ = 0, failures_ = 0, connections_ = 0, established_ = 0, closed_ = 0, received_ = 0;
  Duration latest_{};
};

int run(const Plan& plan, const std::string& ca_file) {
  const HttpLibrary library;
  const SystemClock clock;
  Loop loop(clock);
  auto trust = TrustStore::load(ca_file);
  if (!trust) {
    fmt::print("{}\n", trust.error().detail);
    return 1;
  }
  TlsClient tls({.host = plan.upstream.host, .host_is_address = plan.upstream.host_is_address}, *trust);
  Load load(loop, tls, plan);
  load.connect();
  const double before = cpu_seconds();
  const Instant began = loop.now();
  loop.run();
  const double spent = cpu_seconds() - before;
  const double elapsed = std::chrono::duration<double>(loop.now() - began).count();
  const auto queries = static_cast<double>(plan.queries);
  fmt::print("{}: {:.2f} us CPU per query, {:.0f} queries/s\n", http_library_version(), spent * 1e6 / queries,
             queries / elapsed);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 7) return 2;
  std::signal(SIGPIPE, SIG_IGN);
  UpstreamConfig upstream;
  const std::string host = arguments[1];
  upstream.host = host;
  upstream.host_is_address = IpAddress::from_text(host).has_value();
  upstream.port = static_cast<std::uint16_t>(std::atoi(arguments[3]));
  upstream.path = "/dns-query";
  const Plan plan{.upstream = upstream,
                  .address = {.address = IpAddress::from_text(arguments[2]).value(), .port = upstream.port},
                  .queries = std::strtoull(arguments[5], nullptr, 10),
                  .in_flight = std::strtoull(arguments[6], nullptr, 10),
                  .churn = count > 7};
  return run(plan, arguments[4]);
}
