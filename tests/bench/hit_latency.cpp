// Asks for names that are cached, one query a millisecond, and prints how long the answers took.
//
//     hit_latency ADDRESS PORT SECONDS NAME [NAME...]
//
// One line of JSON: counts, and microseconds at the percentiles. A query not answered within 100 ms is lost. Where an
// answer takes longer than a millisecond, the queries that were due meanwhile follow at once, and their time counts
// from when they were due.

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto interval = milliseconds(1);
constexpr auto patience = milliseconds(100);
constexpr std::size_t header_size = 12;

std::vector<std::uint8_t> query_for(std::string_view name) {
  std::vector<std::uint8_t> wire(header_size);
  wire[2] = 1;  // RD
  wire[5] = 1;  // QDCOUNT
  while (!name.empty()) {
    const std::size_t size = std::min(name.find('.'), name.size());
    wire.push_back(static_cast<std::uint8_t>(size));
    wire.insert(wire.end(), name.begin(), name.begin() + static_cast<std::ptrdiff_t>(size));
    name.remove_prefix(std::min(size + 1, name.size()));
  }
  wire.insert(wire.end(), {0, 0, 1, 0, 1});  // root, A, IN
  return wire;
}

void sleep_until(Clock::time_point when) {
  const auto since = when.time_since_epoch();
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(since);
  const timespec at{whole.count(), std::chrono::nanoseconds(since - whole).count()};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
}

double microseconds_of(Clock::duration time) { return std::chrono::duration<double, std::micro>(time).count(); }

enum class Outcome { answered, refused, lost };

/// Sends, and waits for the answer with the same ID.
Outcome ask(int socket, std::vector<std::uint8_t>& query, std::uint16_t id) {
  query[0] = static_cast<std::uint8_t>(id >> 8U);
  query[1] = static_cast<std::uint8_t>(id);
  if (send(socket, query.data(), query.size(), 0) < 0) return Outcome::lost;
  const auto until = Clock::now() + patience;
  std::array<std::uint8_t, 4096> answer;
  while (true) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now()).count();
    pollfd waiting{socket, POLLIN, 0};
    if (left <= 0 || poll(&waiting, 1, static_cast<int>(left)) <= 0) return Outcome::lost;
    const ssize_t size = recv(socket, answer.data(), answer.size(), 0);
    if (size < static_cast<ssize_t>(header_size) || answer[0] != query[0] || answer[1] != query[1]) continue;
    const bool right = (answer[3] & 15U) == 0 && answer[7] != 0;  // NOERROR with an answer record
    return right ? Outcome::answered : Outcome::refused;
  }
}

struct Tally {
  std::vector<double> took;  // microseconds, of all queries
  std::size_t refused = 0, lost = 0;
};

Tally ask_for(int socket, std::chrono::duration<double> length, std::vector<std::vector<std::uint8_t>>& queries) {
  Tally tally;
  const auto begun = Clock::now();
  auto due = begun;
  for (std::size_t number = 0; due - begun < length; ++number, due += interval) {
    const bool held_up = Clock::now() > due;
    sleep_until(due);
    const auto from = held_up ? due : Clock::now();  // the machine's lateness in waking us is not the server's
    const Outcome outcome = ask(socket, queries[number % queries.size()], static_cast<std::uint16_t>(number));
    tally.took.push_back(microseconds_of(Clock::now() - from));
    tally.refused += outcome == Outcome::refused ? 1 : 0;
    tally.lost += outcome == Outcome::lost ? 1 : 0;
  }
  return tally;
}

void print(Tally tally) {
  std::ranges::sort(tally.took);
  const auto at = [&tally](double share) {
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(tally.took.size()));
    return tally.took[std::min(rank, tally.took.size() - 1)];
  };
  std::printf(
      "{\"queries\": %zu, \"lost\": %zu, \"refused\": %zu, \"p50\": %.1f, \"p99\": %.1f, \"p99.9\": %.1f, \"most\": "
      "%.1f}\n",
      tally.took.size(), tally.lost, tally.refused, at(0.5), at(0.99), at(0.999), tally.took.back());
}

}  // namespace

int main(int argc, char** argv) {
  sockaddr_in server{};
  server.sin_family = AF_INET;
  if (argc < 5 || inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) {
    std::fputs("usage: hit_latency IPV4-ADDRESS PORT SECONDS NAME [NAME...]\n", stderr);
    return 2;
  }
  server.sin_port = htons(static_cast<std::uint16_t>(std::strtoul(argv[2], nullptr, 10)));
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (connect(socket, static_cast<sockaddr*>(static_cast<void*>(&server)), sizeof server) != 0) {
    std::perror("hit_latency");
    return 1;
  }
  std::vector<std::vector<std::uint8_t>> queries;
  for (int i = 4; i < argc; ++i) queries.push_back(query_for(argv[i]));
  print(ask_for(socket, std::chrono::duration<double>(std::strtod(argv[3], nullptr)), queries));
}
