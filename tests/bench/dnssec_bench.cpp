#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <thread>
#include <vector>

#include "dnssec/canonical.hpp"
#include "dnssec/verification.hpp"
#include "unit/dnssec/signed_world.hpp"

/// What it costs to judge an answer, beside the library's own verification of the same signature in the same run: at
/// most 1.15 of it, and at most 3 us in a zone that is proven to be unsigned. Times are CPU time of this thread; the
/// rows take turns, so that a busy machine slows them alike. Medians. A resolver verifies once for each time that it
/// wakes up, with a processor that has slept and done other things since; "a millisecond apart" are single runs at such
/// a pace. `dnssec_bench --library MICROSECONDS` prints only what the library's verification takes at that pace.
using namespace tacet;
using namespace tacet::fixture;

namespace {

double cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

struct Row {
  std::string what;
  std::function<bool()> run;
  int batch;
  std::vector<double> times{};
};

void measure(std::vector<Row>& rows) {
  constexpr int rounds = 201;
  for (int round = 0; round < rounds; ++round)
    for (Row& row : rows) {
      bool good = true;
      const double before = cpu_time();
      for (int i = 0; i < row.batch; ++i) good = row.run() && good;
      row.times.push_back((cpu_time() - before) / row.batch);
      if (!good) fmt::print("{}: WRONG RESULT\n", row.what);
    }
}

/// Single runs, with a pause before each.
void measure_apart(std::vector<Row>& rows, std::chrono::microseconds pause) {
  constexpr int rounds = 501;
  for (int round = 0; round < rounds; ++round)
    for (Row& row : rows) {
      std::this_thread::sleep_for(pause);
      const double before = cpu_time();
      const bool good = row.run();
      row.times.push_back(cpu_time() - before);
      if (!good) fmt::print("{}: WRONG RESULT\n", row.what);
    }
}

double median(const Row& row) {
  std::vector<double> times = row.times;
  std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
  return times[times.size() / 2];
}

/// The library's verification as most validators call it: one EVP_DigestVerify with a kept key.
struct BareVerification {
  EVP_PKEY* key;
  const char* digest;
  Octets data, signature;

  bool run() const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    const bool good = EVP_DigestVerifyInit_ex(context, nullptr, digest, nullptr, nullptr, key, nullptr) == 1 &&
                      EVP_DigestVerify(context, signature.data(), signature.size(), data.data(), data.size()) == 1;
    EVP_MD_CTX_free(context);
    return good;
  }
};

void compare(unsigned algorithm, const char* label) {
  SignedWorld world("test", SigningKey(algorithm, 257, 2048));
  world.teach();
  std::vector<Message> messages;  // so many that no signature is remembered
  for (int i = 0; i < 1000; ++i) {
    const std::string host = "www" + std::to_string(i) + ".example.test.";
    messages.push_back(Packet{ask(host), 0, world.example.sign({host + " 300 A 192.0.2.1"})}.message());
  }
  const std::vector<RRset> rrsets = rrsets_of(messages[0]);
  const Octets data = signed_data(rrsets[0], rrsets[0].signatures[0]);
  std::size_t at = 0;
  const BareVerification bare{world.example.key().pair(), world.example.key().digest(), data,
                              world.example.key().library_signature(data)};
  const PublicKey& key = world.table.find(named("example.test"), noon)->keys[0].key;
  std::vector<Row> rows{{"EVP_DigestVerify", [&] { return bare.run(); }, 10},
                        {"remembered",
                         [&] {
                           return key.remembers(data, rrsets[0].signatures[0].signature) ||
                                  key.verifies(data, rrsets[0].signatures[0].signature);
                         },
                         10},
                        {"judge",
                         [&] {
                           ProofBudget budget;
                           at = (at + 1) % messages.size();
                           return std::get<Judgement>(judge(messages[at], world.table, noon, budget)).status ==
                                  SecurityStatus::secure;
                         },
                         10}};
  measure(rows);
  fmt::print(
      "{}: EVP_DigestVerify {:.1f} us, a signature that is remembered {:.1f} us, judge {:.1f} us = {:.3f} of "
      "EVP_DigestVerify\n",
      label, median(rows[0]), median(rows[1]), median(rows[2]), median(rows[2]) / median(rows[0]));
  for (Row& row : rows) row.times.clear();
  measure_apart(rows, std::chrono::milliseconds(1));
  fmt::print("{}, a millisecond apart: EVP_DigestVerify {:.1f} us, judge {:.1f} us = {:.3f} of EVP_DigestVerify\n",
             label, median(rows[0]), median(rows[2]), median(rows[2]) / median(rows[0]));
}

void library(std::chrono::microseconds pause) {
  const SigningKey key(13);
  const Octets data(200, 7);
  const BareVerification bare{key.pair(), key.digest(), data, key.library_signature(data)};
  std::vector<Row> rows{{"EVP_DigestVerify", [&] { return bare.run(); }, 1}};
  measure_apart(rows, pause);
  fmt::print("{:.1f}\n", median(rows[0]));
}

void unsigned_zone() {
  SignedWorld world;
  world.teach();
  const auto status = [&](const Message& message) {
    ProofBudget budget;
    return std::get<Judgement>(judge(message, world.table, noon, budget)).status;
  };
  const Message one = Packet{ask("a.plain.test"), 0, records_from({"a.plain.test. 300 A 192.0.2.1"})}.message();
  const Message chain =
      Packet{ask("a.plain.test"), 0,
             records_from({"a.plain.test. 300 CNAME b.plain.test.", "b.plain.test. 300 CNAME c.plain.test.",
                           "c.plain.test. 300 A 192.0.2.1", "c.plain.test. 300 A 192.0.2.2"})}
          .message();
  std::vector<Row> rows{{"one", [&] { return status(one) == SecurityStatus::insecure; }, 500},
                        {"chain", [&] { return status(chain) == SecurityStatus::insecure; }, 500}};
  measure(rows);
  fmt::print("unsigned zone: one record {:.2f} us, two aliases and two records {:.2f} us\n", median(rows[0]),
             median(rows[1]));
}

void denials() {
  SignedWorld world;
  world.teach();
  const Message message =
      Packet{ask("b.example.test"),
             3,
             {},
             world.example.soa() + world.example.sign({"a.example.test. 300 NSEC c.example.test. A RRSIG NSEC"}) +
                 world.example.sign({"example.test. 300 NSEC a.example.test. SOA NS RRSIG NSEC"})}
          .message();
  SignedWorld other;
  other.teach();
  const Message key_message = other.keys_of(other.example).message();
  const Message ds_message = other.ds_of(other.example, other.tld).message();
  std::vector<Row> rows{
      {"NXDOMAIN",
       [&] {
         ProofBudget budget;
         return std::get<Judgement>(judge(message, world.table, noon, budget)).status == SecurityStatus::secure;
       },
       5},
      {"new zone",
       [&] {
         other.table.keep({.name = named("example.test"), .state = ZoneState::no_cut}, noon);
         ProofBudget budget;
         const WallTime later = noon + std::chrono::minutes(1);
         learn(ds_message, other.table, later, budget);
         return std::get<Learned>(learn(key_message, other.table, later, budget)).outcome == Learned::Outcome::proven;
       },
       5}};
  measure(rows);
  fmt::print("NXDOMAIN with SOA and two NSEC that are remembered {:.1f} us, DS and DNSKEY of a new zone {:.1f} us\n",
             median(rows[0]), median(rows[1]));
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 3 && std::string_view(arguments[1]) == "--library") {
    library(std::chrono::microseconds(std::atoi(arguments[2])));
    return 0;
  }
  compare(13, "P-256");
  compare(8, "RSA-2048");
  compare(15, "Ed25519");
  unsigned_zone();
  denials();
}
