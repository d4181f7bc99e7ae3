#include "serve/control.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <httplib.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <span>
#include <system_error>
#include <thread>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "serve/control_socket.hpp"
#include "serve/control_stream.hpp"
#include "serve/prometheus.hpp"
#include "serve/status_json.hpp"

namespace tacet {
namespace {

constexpr Duration patience = std::chrono::seconds(10);
constexpr std::size_t body_limit = 4096;
constexpr auto json_type = "application/json";

void answer(httplib::Response& response, int status, const std::string& body) {
  response.status = status;
  response.set_content(body + "\n", json_type);
}

void answer_error(httplib::Response& response, int status, const std::string& words) {
  const nlohmann::json error{{"error", words}};
  answer(response, status, error.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

/// No browser reaches a Unix socket by itself; but whoever forwards one to a TCP port must not open it to web pages.
bool is_from_a_browser(const httplib::Request& request) {
  const auto host = request.get_header_value("Host");
  return request.has_header("Origin") || (!host.empty() && host != "localhost");
}

Result<Name> name_in(const std::string& text) {
  auto name = Name::from_text(text);
  if (!name) return fail(Fault::malformed, fmt::format("'{}' is no domain name: {}", text, name.error().detail));
  return name;
}

Result<CacheScope> scope_in(const httplib::Request& request) {
  const bool one = request.has_param("name");
  const bool below = request.has_param("below");
  if (one && below) return fail(Fault::malformed, "name and below exclude each other");
  if (request.params.size() > (one || below ? 1U : 0U))
    return fail(Fault::malformed, "name or below, and nothing else, can be given once");
  if (!one && !below) return CacheScope{};
  const auto name = name_in(request.get_param_value(one ? "name" : "below"));
  if (!name) return fail(name.error());
  return CacheScope{*name, one ? Cache::Reach::name_only : Cache::Reach::with_descendants};
}

Result<Question> question_in(const httplib::Request& request) {
  const auto name = name_in(request.get_param_value("name"));
  if (!name) return fail(name.error());
  const auto word = request.has_param("type") ? request.get_param_value("type") : "A";
  const auto type = type_from_text(word);
  if (!type) return fail(Fault::malformed, fmt::format("'{}' is no record type", word));
  return Question{*name, *type, Class::in};
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

/// The library's parser, router and writer, without its listener (TCP only in older versions, and busy when descriptors
/// run out) and without its pool of threads.
class Router final : public httplib::Server {
public:
  explicit Router(ControlHandlers handlers) : handlers_(std::move(handlers)) {
    set_payload_max_length(body_limit);
    set_pre_routing_handler([](const auto& request, auto& response) {
      if (!is_from_a_browser(request)) return HandlerResponse::Unhandled;
      answer_error(response, 403, "requests of web pages are refused");
      return HandlerResponse::Handled;
    });
    set_exception_handler(
        [](const auto&, auto& response, const auto&) { answer_error(response, 500, "internal error"); });
    set_error_handler([](const httplib::Request& request, httplib::Response& response) {
      if (response.body.empty())
        answer_error(response, response.status,
                     fmt::format("'{} {}' cannot be answered", request.method, request.path));
    });
    Get("/status", [this](const auto&, auto& response) { status(response); });
    Get("/metrics", [this](const auto&, auto& response) { metrics(response); });
    Get("/cache", [this](const auto& request, auto& response) { cache(request, response); });
    Get("/explain", [this](const auto& request, auto& response) { prospect(request, response); });
    Post("/flush", [this](const auto& request, auto& response) { flush(request, response); });
    Post("/log-level", [this](const auto& request, auto& response) { set_log_level(request, response); });
    Get("/exposure", [this](const auto&, auto& response) { exposure(response); });
    Post("/exposure/clear", [this](const auto&, auto& response) { forget_names(response); });
    Get("/exposure/explain", [this](const auto& request, auto& response) { explain(request, response); });
    Post("/reload", [this](const auto&, auto& response) { reload(response); });
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

  void status(httplib::Response& response) {
    const auto snapshot = handlers_.status();
    if (!snapshot) return answer_error(response, 503, snapshot.error().detail);
    const auto report = handlers_.exposure();
    if (!report) return answer_error(response, 503, report.error().detail);
    answer(response, 200, status_json(*snapshot, *report));
  }

  void metrics(httplib::Response& response) {
    const auto snapshot = handlers_.status();
    if (!snapshot) return answer_error(response, 503, snapshot.error().detail);
    const auto report = handlers_.exposure();
    if (!report) return answer_error(response, 503, report.error().detail);
    response.set_content(prometheus_text(*snapshot, report->exposure), prometheus_type);
  }

  void cache(const httplib::Request& request, httplib::Response& response) {
    const auto scope = scope_in(request);
    if (!scope) return answer_error(response, 400, scope.error().detail);
    const auto report = handlers_.cache(*scope);
    if (!report) return answer_error(response, 503, report.error().detail);
    answer(response, 200, cache_json(*report));
  }

  void prospect(const httplib::Request& request, httplib::Response& response) {
    const auto question = question_in(request);
    if (!question) return answer_error(response, 400, question.error().detail);
    const auto prospect = handlers_.prospect(*question);
    if (!prospect) return answer_error(response, 503, prospect.error().detail);
    answer(response, 200, prospect_json(*prospect));
  }

  void flush(const httplib::Request& request, httplib::Response& response) {
    const auto scope = scope_in(request);
    if (!scope) return answer_error(response, 400, scope.error().detail);
    const auto flushed = handlers_.flush(*scope);
    if (!flushed) return answer_error(response, 503, flushed.error().detail);
    answer(response, 200, nlohmann::json{{"flushed", *flushed}}.dump());
  }

  void set_log_level(const httplib::Request& request, httplib::Response& response) {
    const auto word = request.get_param_value("level");
    const auto level = log::level_from_text(word);
    if (!level) return answer_error(response, 400, fmt::format("'{}' is none of error, warn, info and debug", word));
    handlers_.set_log_level(*level);
    answer(response, 200, nlohmann::json{{"log_level", log::to_string(*level)}}.dump());
  }

  void exposure(httplib::Response& response) {
    const auto report = handlers_.exposure();
    if (!report) return answer_error(response, 503, report.error().detail);
    answer(response, 200, exposure_json(*report));
  }

  void forget_names(httplib::Response& response) {
    const auto forgotten = handlers_.forget_names();
    if (!forgotten) return answer_error(response, 503, forgotten.error().detail);
    answer(response, 200, nlohmann::json{{"forgotten", *forgotten}}.dump());
  }

  void explain(const httplib::Request& request, httplib::Response& response) {
    const auto name = name_in(request.get_param_value("name"));
    if (!name) return answer_error(response, 400, name.error().detail);
    const auto explanation = handlers_.explain(*name);
    if (!explanation) return answer_error(response, 503, explanation.error().detail);
    answer(response, 200, explanation_json(*explanation));
  }

  void reload(httplib::Response& response) {
    const auto reloaded = handlers_.reload();
    if (!reloaded) {
      const auto faults = fmt::format("{}", fmt::join(reloaded.error(), "\n"));
      return answer_error(response, 409, "the configuration is refused, and the former one stays in use:\n" + faults);
    }
    const nlohmann::json json{
        {"changed", reloaded->changed}, {"forgotten", reloaded->forgotten}, {"summary", to_string(*reloaded)}};
    answer(response, 200, json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }

  ControlHandlers handlers_;
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

class Control::State {
public:
  State(ControlSocket socket, StopSign stop, ControlHandlers handlers)
      : socket_(std::move(socket)),
        stop_(std::move(stop)),
        router_(std::move(handlers)),
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
    while (wait({.fd = socket_.get(), .events = POLLIN, .revents = 0}, -1)) accept_one();
  }

  /// True unless everything is to stop.
  bool wait(pollfd listener, int milliseconds) const {
    std::array<pollfd, 2> watched{{{.fd = stop_.seen.get(), .events = POLLIN, .revents = 0}, listener}};
    ::poll(watched.data(), watched.size(), milliseconds);
    return watched[0].revents == 0;
  }

  void accept_one() {
    Descriptor client(::accept(socket_.get(), nullptr, nullptr));
    if (!client) {
      // Out of descriptors or memory: the client stays in the queue, so without a pause this would go round and round.
      const bool exhausted = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
      if (exhausted) wait({.fd = -1, .events = 0, .revents = 0}, 500);
      return;
    }
    ::fcntl(client.get(), F_SETFD, FD_CLOEXEC);
    ::fcntl(client.get(), F_SETFL, O_NONBLOCK);
    ControlStream stream(std::move(client), stop_.seen.get(), clock_, patience);
    HttpStream http(stream);
    router_.serve(http);
  }

  SystemClock clock_;
  ControlSocket socket_;
  StopSign stop_;
  Router router_;
  std::thread thread_;
};

Control::Control(std::unique_ptr<State> state) : state_(std::move(state)) {}
Control::~Control() = default;

Result<std::unique_ptr<Control>> Control::create(const ControlConfig& config, ControlHandlers handlers) {
  auto socket = ControlSocket::listen(config.socket);
  if (!socket) return fail(socket.error());
  auto stop = StopSign::make();
  if (!stop) return fail(stop.error());
  auto state = std::make_unique<State>(*std::move(socket), *std::move(stop), std::move(handlers));
  return std::unique_ptr<Control>(new Control(std::move(state)));
}

void Control::stop() { state_.reset(); }

class ControlRouter::State {
public:
  explicit State(ControlHandlers handlers) : router_(std::move(handlers)) {}
  std::string answer(std::string_view request) {
    TextStream text{.request = request, .answer = {}};
    HttpStream http(text);
    router_.serve(http);
    return std::move(text.answer);
  }

private:
  Router router_;
};

ControlRouter::ControlRouter(ControlHandlers handlers) : state_(std::make_unique<State>(std::move(handlers))) {}
ControlRouter::~ControlRouter() = default;
std::string ControlRouter::answer(std::string_view request) { return state_->answer(request); }

std::string control_library_versions() {
  return fmt::format("cpp-httplib {}, nlohmann-json {}.{}.{}", CPPHTTPLIB_VERSION, NLOHMANN_JSON_VERSION_MAJOR,
                     NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH);
}

}  // namespace tacet
