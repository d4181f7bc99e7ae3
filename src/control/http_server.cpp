#include "control/http_server.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <httplib.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>
#include <span>
#include <system_error>
#include <thread>
#include <utility>

#include "base/clock.hpp"
#include "base/shield.hpp"
#include "control/control_stream.hpp"
#include "report/json.hpp"
#include "tacet/name.hpp"

namespace tacet {
namespace {

void give(httplib::Response& response, HttpReply reply) {
  response.status = reply.status;
  response.set_content(std::move(reply.body), reply.type);
}

/// Looks for a line of a head that asks for a range. The library would read its value by a regular expression, whose
/// recursion takes some 600 octets of stack for each octet: more than a thread may have.
class RangeWatch {
public:
  /// True at the end of "Range:".
  bool sees(char octet) {
    constexpr std::string_view wanted = "\nrange:";
    const auto lower = static_cast<char>(fold(static_cast<std::uint8_t>(octet)));
    matched_ = lower == wanted[matched_] ? matched_ + 1 : lower == '\n' ? 1U : 0U;
    return matched_ == wanted.size();
  }

private:
  std::size_t matched_ = 0;
};

/// The library's stream over ours. It has no descriptor for the library, which would refuse one beyond FD_SETSIZE.
template <class Octets>
class HttpStream final : public httplib::Stream {
public:
  explicit HttpStream(Octets& stream) : stream_(stream) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* out, std::size_t size) override {
    const auto got = stream_.read({out, size});
    for (std::ptrdiff_t i = 0; i < got; ++i)
      if (range_.sees(out[i])) return -1;
    return got;
  }
  ssize_t write(const char* octets, std::size_t size) override { return stream_.write({octets, size}); }
  void get_remote_ip_and_port(std::string& ip, int& port) const override { get_local_ip_and_port(ip, port); }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    ip.clear();
    port = 0;
  }
  socket_t socket() const override { return INVALID_SOCKET; }

private:
  Octets& stream_;
  RangeWatch range_;
};

/// A request that is already here, and where its answer goes; as ControlStream otherwise.
struct TextStream {
  std::string_view request;
  std::string answer;

  std::ptrdiff_t read(std::span<char> out) {
    const std::size_t count = request.copy(out.data(), out.size());
    request.remove_prefix(count);
    return static_cast<std::ptrdiff_t>(count);
  }
  std::ptrdiff_t write(std::span<const char> octets) {
    answer.append(octets.data(), octets.size());
    return static_cast<std::ptrdiff_t>(octets.size());
  }
};

/// The library's parser and writer, without its listener (TCP only in older versions, and busy when descriptors run
/// out), its router and its pool of threads.
class Site final : public httplib::Server {
public:
  explicit Site(HttpSite site) : site_(std::move(site)) {
    set_pre_routing_handler([this](const auto& request, auto& response) {
      give(response, answer(request));
      return HandlerResponse::Handled;
    });
    set_exception_handler(
        [](const auto&, auto& response, const auto&) { give(response, http_error(500, "internal error")); });
    set_error_handler([](const httplib::Request&, httplib::Response& response) {
      if (response.body.empty()) give(response, http_error(response.status, "this request cannot be answered"));
    });
  }

  /// Answers one request.
  template <class Stream>
  void serve(Stream& stream) {
    bool closed = false;
    if constexpr (requires { this->process_request(stream, true, closed, end_body); })
      this->process_request(stream, true, closed, end_body);
    else
      this->process_request(stream, std::string(), 0, std::string(), 0, true, closed, end_body);
  }

private:
  /// A request without a length has no body (RFC 9112 §6.3); the library would wait for the client to hang up.
  static void end_body(httplib::Request& request) {
    if (!request.has_header("Content-Length") && !request.has_header("Transfer-Encoding"))
      request.set_header("Content-Length", "0");
  }

  HttpReply answer(const httplib::Request& request) {
    const auto host = request.get_header_value("Host");
    if (request.has_header("Origin") || (!host.empty() && !site_.is_ours(host)))
      return http_error(403, "requests of web pages are refused");
    if (request.get_header_value("Content-Length") != "0") return http_error(413, "a request here has no body");
    const auto route = site_.routes.find(request.method + " " + request.path);
    if (route == site_.routes.end())
      return http_error(404, fmt::format("'{} {}' cannot be answered", request.method, request.path));
    try {
      return route->second({request.params});
    } catch (const std::bad_alloc&) {
      return http_error(503, "out of memory: try again later");
    }
  }

  HttpSite site_;
};

/// A pipe whose reading end becomes readable for good when the writing end is closed.
struct StopSign {
  Descriptor seen, raised;

  static Result<StopSign> make() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return fail(Fault::system, std::generic_category().message(errno));
    StopSign sign{Descriptor(ends[0]), Descriptor(ends[1])};
    for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
    return sign;
  }
};

/// Signals are for the thread that serves.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

class HttpServer::State {
public:
  State(int listener, StopSign stop, HttpSite site)
      : listener_(listener),
        patience_(site.patience),
        stop_(std::move(stop)),
        site_(std::move(site)),
        thread_([this] { run(); }) {}

  ~State() {
    {
      const Descriptor closed = std::move(stop_.raised);
    }
    thread_.join();
  }

private:
  void run() {
    block_signals();
    while (wait({.fd = listener_, .events = POLLIN, .revents = 0}, -1)) shielded(0, [this] { return accept_one(), 0; });
  }

  /// True unless everything is to stop.
  bool wait(pollfd listener, int milliseconds) const {
    std::array<pollfd, 2> watched{{{.fd = stop_.seen.get(), .events = POLLIN, .revents = 0}, listener}};
    ::poll(watched.data(), watched.size(), milliseconds);
    return watched[0].revents == 0;
  }

  void accept_one() {
    Descriptor client(::accept(listener_, nullptr, nullptr));
    if (!client) {
      // Out of descriptors or memory: the client stays in the queue, so without a pause this would go round and round.
      const bool exhausted = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
      if (exhausted) wait({.fd = -1, .events = 0, .revents = 0}, 500);
      return;
    }
    ::fcntl(client.get(), F_SETFD, FD_CLOEXEC);
    ::fcntl(client.get(), F_SETFL, O_NONBLOCK);
    ControlStream stream(std::move(client), stop_.seen.get(), clock_, patience_);
    HttpStream http(stream);
    site_.serve(http);
  }

  SystemClock clock_;
  int listener_;
  Duration patience_;
  StopSign stop_;
  Site site_;
  std::thread thread_;
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::create(int listener, HttpSite site) {
  auto stop = StopSign::make();
  if (!stop) return fail(stop.error());
  auto state = std::make_unique<State>(listener, *std::move(stop), std::move(site));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

class HttpAnswerer::State {
public:
  explicit State(HttpSite site) : site_(std::move(site)) {}
  std::string answer(std::string_view request) {
    TextStream text{.request = request, .answer = {}};
    HttpStream http(text);
    site_.serve(http);
    return std::move(text.answer);
  }

private:
  Site site_;
};

HttpAnswerer::HttpAnswerer(HttpSite site) : state_(std::make_unique<State>(std::move(site))) {}
HttpAnswerer::~HttpAnswerer() = default;
std::string HttpAnswerer::answer(std::string_view request) { return state_->answer(request); }

HttpReply http_error(int status, const std::string& words) { return {status, Json{{"error", words}}.dump() + "\n"}; }

std::string http_server_library_version() { return fmt::format("cpp-httplib {}", CPPHTTPLIB_VERSION); }

}  // namespace tacet
