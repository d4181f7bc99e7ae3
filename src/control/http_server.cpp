#include "control/http_server.hpp"

#include <system_error>
#include <thread>
#include <utility>

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/signals.hpp"
#include "listen/stream_server.hpp"

namespace tacet {
namespace {

constexpr std::size_t most_clients = 32;

/// One request and its answer.
class HttpSession final : public StreamSession {
public:
  HttpSession(const HttpSite& site, StreamClient& client) : site_(site), client_(client) {}

  void feed(Bytes octets) override { head_.append(octets.begin(), octets.end()); }
  bool partial() const override { return !head_.empty(); }
  Step serve_next(Instant) override {
    const auto answer = http_answer(site_, head_);
    if (!answer) return Step::none;
    client_.out().assign(answer->begin(), answer->end());
    client_.finish();
    return Step::later;
  }

private:
  const HttpSite& site_;
  StreamClient& client_;
  std::string head_;
};

class HttpService final : public StreamService {
public:
  explicit HttpService(HttpSite site) : site_(std::move(site)) {}

  Duration patience() const { return site_.patience; }
  bool admits(const KernelAddress&) override { return true; }
  std::unique_ptr<StreamSession> open(StreamClient& client) override {
    return std::make_unique<HttpSession>(site_, client);
  }

private:
  const HttpSite site_;
};

}  // namespace

class HttpServer::State {
public:
  State(int listener, HttpSite site)
      : loop_(clock_),
        service_(std::move(site)),
        server_({loop_,
                 listener,
                 service_,
                 {.idle = service_.patience(), .partial = service_.patience(), .whole = service_.patience()},
                 most_clients}),
        thread_([this] {
          block_signals();
          loop_.run();
        }) {}

  ~State() {
    loop_.stop();
    thread_.join();
  }

private:
  SystemClock clock_;
  Loop loop_;
  HttpService service_;
  StreamServer server_;
  std::thread thread_;
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::create(int listener, HttpSite site) {
  try {
    return std::unique_ptr<HttpServer>(new HttpServer(std::make_unique<State>(listener, std::move(site))));
  } catch (const std::system_error& error) {
    return fail(Fault::system, error.what());
  }
}

}  // namespace tacet
