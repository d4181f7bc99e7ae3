#include "report/query_log.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <deque>
#include <system_error>
#include <thread>

#include "base/descriptor.hpp"
#include "base/log.hpp"
#include "base/shield.hpp"
#include "base/signals.hpp"
#include "report/query_file.hpp"
#include "report/query_line.hpp"

namespace tacet {
namespace {

/// Writes the lines of this time together.
constexpr auto gather_time = std::chrono::milliseconds(20);
constexpr std::size_t most_of_a_batch = 256, most_octets_of_a_batch = std::size_t{1} << 20;
/// Writes to standard output. That may be a pipe without a reader; then the lines that do not fit are lost.
constexpr int pipe_milliseconds = 200;

std::optional<QueryFile::Loss> write_to_stdout(std::string_view lines) {
  while (!lines.empty()) {
    // A line is shorter than a pipe's atomic write, so a single write takes all of it or nothing.
    const std::string_view line = lines.substr(0, lines.find('\n') + 1);
    pollfd out{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
    errno = ETIMEDOUT;
    const bool ready = ::poll(&out, 1, pipe_milliseconds) == 1;
    if (!ready || ::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
      return QueryFile::Loss{lines.size(),
                             {Fault::system, "standard output: " + std::generic_category().message(errno)}};
    lines.remove_prefix(line.size());
  }
  return std::nullopt;
}

/// A pipe that wakes the thread: one octet makes it readable.
struct WakeUp {
  Descriptor heard, knocked;

  static Result<WakeUp> make() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return fail(Fault::system, std::generic_category().message(errno));
    WakeUp knocker{Descriptor(ends[0]), Descriptor(ends[1])};
    for (const int end : ends) {
      ::fcntl(end, F_SETFD, FD_CLOEXEC);
      ::fcntl(end, F_SETFL, O_NONBLOCK);
    }
    return knocker;
  }
  /// Never waits: if the pipe is full, it is readable anyhow.
  void knock() const {
    const char octet = 0;
    while (::write(knocked.get(), &octet, 1) < 0 && errno == EINTR) {
    }
  }
  void hear() const {
    std::array<char, 64> octets;
    while (::read(heard.get(), octets.data(), octets.size()) > 0) {
    }
  }
};

}  // namespace

class QueryLog::State {
public:
  State(const QueryLogConfig& config, unsigned workers, const Clock& clock, WakeUp knocker)
      : config_(config),
        clock_(clock),
        knocker_(std::move(knocker)),
        file_(config.to, {config.max_size, config.keep}),
        mark_(is_journal() && log::is_journal_stream(STDOUT_FILENO) ? "<6>" : "") {
    for (unsigned i = 0; i < workers; ++i) taps_.emplace_back([this] { knocker_.knock(); });
    thread_ = std::thread([this] { run(); });
  }

  ~State() {
    stopping_ = true;
    knocker_.knock();
    thread_.join();
  }

  QueryTap& tap(std::size_t number) { return taps_[number]; }

  QueryLogCounts counts() const {
    QueryLogCounts counts{.to = config_.to, .written = written_, .failed = failed_};
    for (const QueryTap& tap : taps_) counts.dropped += tap.dropped();
    return counts;
  }

private:
  void run() {
    block_signals();
    if (!is_journal()) shielded(0, [this] { return write(""), 0; });  // makes the file, so that a failure shows at once
    while (!stopping_) {
      if (std::ranges::all_of(taps_, &QueryTap::sleep)) await_knock();
      if (!stopping_) std::this_thread::sleep_for(gather_time);
      while (!stopping_ && shielded(false, [this] { return write_batch(); })) {
      }
    }
    // At the end try nothing twice: a pipe without a reader must not delay the end.
    failing_ = false;
    while (shielded(false, [this] { return write_batch(); }) && !failing_) {
    }
  }

  void await_knock() const {
    pollfd knocks{.fd = knocker_.heard.get(), .events = POLLIN, .revents = 0};
    ::poll(&knocks, 1, -1);
    knocker_.hear();
  }

  bool is_journal() const { return config_.to == "journal"; }

  /// True if there was something to write. Keeps the lines until they are written or have failed.
  bool write_batch() {
    std::string& lines = lines_;
    const Instant now = clock_.now();
    const WallTime wall_now = clock_.wall_time();
    for (QueryTap& tap : taps_) {
      if (lines.size() >= most_octets_of_a_batch) break;
      tap.take(most_of_a_batch, [&](const LoggedQuery& query) {
        const std::string line = mark_ + query_line(query, config_, wall_now - (now - query.arrived)) + "\n";
        lines += line;
      });
    }
    if (lines.empty()) return false;
    write(lines);
    lines.clear();
    return true;
  }

  void write(std::string_view lines) {
    const Instant now = clock_.now();
    const auto loss = is_journal() ? write_to_stdout(lines) : file_.append(lines, now);
    const std::size_t lost_octets = loss ? loss->octets : 0;
    const auto count = [](std::string_view text) { return static_cast<std::uint64_t>(std::ranges::count(text, '\n')); };
    const std::uint64_t lost = count(lines.substr(lines.size() - lost_octets));
    failing_ = loss.has_value();
    written_ += count(lines) - lost;
    failed_ += lost;
    if (loss && gate_.pass(now))
      log::warn("the query log cannot be written; {} queries are lost so far: {}", failed_.load(), loss->error.detail);
  }

  QueryLogConfig config_;
  const Clock& clock_;
  WakeUp knocker_;
  QueryFile file_;
  std::string mark_;  // the journal's prefix for the level of a line
  std::deque<QueryTap> taps_;
  log::RateLimit gate_;
  std::string lines_;  // of a batch
  std::atomic<std::uint64_t> written_{0}, failed_{0};
  bool failing_ = false;  // the last attempt to write failed
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

QueryLog::QueryLog(std::unique_ptr<State> state) : state_(std::move(state)) {}
QueryLog::~QueryLog() = default;

Result<std::unique_ptr<QueryLog>> QueryLog::create(const QueryLogConfig& config, unsigned workers, const Clock& clock) {
  if (!config.on()) return nullptr;
  auto knocker = WakeUp::make();
  if (!knocker) return fail(knocker.error());
  auto state = std::make_unique<State>(config, workers, clock, *std::move(knocker));
  return std::unique_ptr<QueryLog>(new QueryLog(std::move(state)));
}

QueryTap& QueryLog::tap(std::size_t number) { return state_->tap(number); }
QueryLogCounts QueryLog::counts() const { return state_->counts(); }

}  // namespace tacet
