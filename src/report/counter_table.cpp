#include "report/counter_table.hpp"

#include <concepts>

namespace tacet {
namespace {

template <class Part>
const Part& part_of(const Snapshot& snapshot) {
  if constexpr (std::same_as<Part, Snapshot>)
    return snapshot;
  else if constexpr (std::same_as<Part, CacheStatistics>)
    return snapshot.cache;
  else if constexpr (std::same_as<Part, QueryLogCounts>)
    return snapshot.query_log;
  else if constexpr (std::same_as<Part, ReloadCounts>)
    return snapshot.reloads;
  else
    return snapshot.metrics;
}

template <class Part, class Number>
std::uint64_t number_in(const Snapshot& snapshot, Number Part::* member) {
  return part_of<Part>(snapshot).*member;
}

template <auto member>
std::uint64_t at(const Snapshot& snapshot) {
  return number_in(snapshot, member);
}

template <Source source>
std::uint64_t answers_by(const Snapshot& snapshot) {
  return snapshot.metrics.answers[static_cast<std::size_t>(source)];
}

template <SecurityStatus status>
std::uint64_t verdicts(const Snapshot& snapshot) {
  return snapshot.metrics.dnssec_verdicts[static_cast<std::size_t>(status)];
}

template <std::uint16_t code>
std::uint64_t bogus_by(const Snapshot& snapshot) {
  return snapshot.metrics.bogus_answers[bogus_reason(code)];
}

using M = Metrics;
using C = CacheStatistics;
using L = QueryLogCounts;

constexpr Counter table[] = {
    {"", "workers", "workers", {}, "Threads that serve.", at<&Snapshot::workers>},
    {"", "tcp_clients", "tcp_clients", {}, "TCP connections of clients now open.", at<&M::tcp_clients>},
    {"", "tls_clients", "tls_clients", {}, "Connections of DNS over TLS clients now open.", at<&M::tls_clients>},
    {"",
     "https_clients",
     "https_clients",
     {},
     "Connections of DNS over HTTPS clients now open.",
     at<&M::https_clients>},
    {"", "pending", "pending_queries", {}, "Queries that wait for an upstream.", at<&Snapshot::pending>},
    {"",
     "slow_turns",
     "slow_turns_total",
     {},
     "Turns of the event loops that took longer than 2 ms: all other clients waited for them.",
     at<&Snapshot::slow_turns>},
    {"",
     "plaintext_lookups",
     "plaintext_lookups_total",
     {},
     "Look-ups of upstreams' names in plaintext.",
     at<&Snapshot::plaintext_lookups>},

    {"reloads",
     "good",
     "config_reloads_total",
     {"outcome", "good"},
     "Reloads of the configuration, by outcome.",
     at<&ReloadCounts::good>},
    {"reloads", "refused", "config_reloads_total", {"outcome", "refused"}, "", at<&ReloadCounts::refused>},

    {"queries", "udp", "queries_total", {"transport", "udp"}, "Queries of clients.", at<&M::udp_queries>},
    {"queries", "tcp", "queries_total", {"transport", "tcp"}, "", at<&M::tcp_queries>},
    {"queries", "tls", "queries_total", {"transport", "tls"}, "", at<&M::tls_queries>},
    {"queries", "https", "queries_total", {"transport", "https"}, "", at<&M::https_queries>},
    {"queries", "dropped", "dropped_total", {}, "Datagrams dropped because they are no queries.", at<&M::dropped>},
    {"queries",
     "rejected",
     "rejected_total",
     {},
     "Queries answered FORMERR, NOTIMP, BADVERS or REFUSED for their form.",
     at<&M::rejected>},

    {"answers",
     "policy",
     "answers_total",
     {"source", "policy"},
     "Answers to clients, by source.",
     answers_by<Source::policy>},
    {"answers", "cache", "answers_total", {"source", "cache"}, "", answers_by<Source::cache>},
    {"answers", "stale", "answers_total", {"source", "stale"}, "", answers_by<Source::stale>},
    {"answers", "upstream", "answers_total", {"source", "upstream"}, "", answers_by<Source::upstream>},
    {"answers", "failure", "answers_total", {"source", "failure"}, "", answers_by<Source::failure>},

    {"events", "coalesced", "coalesced_total", {}, "Cache misses that joined another's exchange.", at<&M::coalesced>},
    {"events", "prefetches", "prefetches_total", {}, "Refreshes begun before expiry.", at<&M::prefetches>},
    {"events",
     "prefetches_used",
     "prefetches_used_total",
     {},
     "Refreshes begun before expiry that spared a client's wait.",
     at<&M::prefetches_used>},
    {"events",
     "followers_asked",
     "followers_asked_total",
     {},
     "Names fetched because they came behind another name before.",
     at<&M::followers_asked>},
    {"events",
     "followers_used",
     "followers_used_total",
     {},
     "Names so fetched that spared a client's wait.",
     at<&M::followers_used>},
    {"events",
     "ahead_denied",
     "ahead_denied_total",
     {},
     "Fetches ahead of clients not begun because too few were used.",
     at<&M::ahead_denied>},
    {"events",
     "overloaded",
     "overloaded_total",
     {},
     "Cache misses answered SERVFAIL because limits.pending was reached.",
     at<&M::overloaded>},
    {"events",
     "not_allowed",
     "not_allowed_total",
     {},
     "Queries and connections refused because no prefix of allow holds the address.",
     at<&M::not_allowed>},
    {"events",
     "rate_limited",
     "rate_limited_total",
     {},
     "UDP queries over limits.rate, answered by TC=1.",
     at<&M::rate_limited>},
    {"events",
     "wait_limited",
     "wait_limited_total",
     {},
     "Cache misses of clients that had limits.per_client queries waiting.",
     at<&M::wait_limited>},
    {"events", "truncated", "truncated_total", {}, "Replies sent with TC=1.", at<&M::truncated>},
    {"events",
     "send_failures",
     "send_failures_total",
     {},
     "UDP replies that the kernel did not take.",
     at<&M::send_failures>},
    {"events", "retries", "retries_total", {}, "Exchanges begun because another failed.", at<&M::retries>},
    {"events",
     "bad_answers",
     "bad_answers_total",
     {},
     "Mismatched or malformed answers of upstreams.",
     at<&M::bad_answers>},
    {"events",
     "rebinds_refused",
     "rebinds_refused_total",
     {},
     "Answers refused for private addresses of public names.",
     at<&M::rebinds_refused>},
    {"events",
     "hedges_sent",
     "hedges_total",
     {"outcome", "sent"},
     "Second exchanges wanted because the first seemed lost.",
     at<&M::hedges_sent>},
    {"events", "hedges_denied", "hedges_total", {"outcome", "denied"}, "", at<&M::hedges_denied>},
    {"events", "hedges_won", "hedges_won_total", {}, "Second exchanges that answered first.", at<&M::hedges_won>},

    {"dnssec",
     "secure",
     "dnssec_answers_total",
     {"verdict", "secure"},
     "Answers of upstreams, by the result of their validation.",
     verdicts<SecurityStatus::secure>},
    {"dnssec", "insecure", "dnssec_answers_total", {"verdict", "insecure"}, "", verdicts<SecurityStatus::insecure>},
    {"dnssec", "bogus", "dnssec_answers_total", {"verdict", "bogus"}, "", verdicts<SecurityStatus::bogus>},
    {"dnssec",
     "indeterminate",
     "dnssec_answers_total",
     {"verdict", "indeterminate"},
     "",
     verdicts<SecurityStatus::indeterminate>},
    {"dnssec",
     "repaired",
     "dnssec_repaired_total",
     {},
     "Answers that one server could not prove and another one could.",
     at<&M::dnssec_repaired>},
    {"dnssec",
     "questions",
     "dnssec_questions_total",
     {},
     "Questions to upstreams that only validation needs.",
     at<&M::dnssec_questions>},
    {"dnssec",
     "denied_here",
     "dnssec_denied_here_total",
     {},
     "Names answered as not existing by a denial that was proven before.",
     at<&M::dnssec_denied_here>},
    {"dnssec_bogus",
     "signature_expired",
     "dnssec_bogus_total",
     {"reason", "signature_expired"},
     "Bogus answers, by reason.",
     bogus_by<7>},
    {"dnssec_bogus",
     "signature_not_yet_valid",
     "dnssec_bogus_total",
     {"reason", "signature_not_yet_valid"},
     "",
     bogus_by<8>},
    {"dnssec_bogus", "dnskey_missing", "dnssec_bogus_total", {"reason", "dnskey_missing"}, "", bogus_by<9>},
    {"dnssec_bogus", "rrsigs_missing", "dnssec_bogus_total", {"reason", "rrsigs_missing"}, "", bogus_by<10>},
    {"dnssec_bogus", "no_zone_key", "dnssec_bogus_total", {"reason", "no_zone_key"}, "", bogus_by<11>},
    {"dnssec_bogus", "nsec_missing", "dnssec_bogus_total", {"reason", "nsec_missing"}, "", bogus_by<12>},
    {"dnssec_bogus", "not_genuine", "dnssec_bogus_total", {"reason", "not_genuine"}, "", bogus_by<6>},
    {"dnssec_bogus", "other", "dnssec_bogus_total", {"reason", "other"}, "", bogus_by<0>},

    {"cache", "entries", "cache_entries", {}, "Answers held.", at<&C::entries>},
    {"cache", "octets", "cache_bytes", {}, "Memory that the cached answers take.", at<&C::octets>},
    {"cache", "budget", "cache_budget_bytes", {}, "Memory that the cached answers may take.", at<&C::budget>},
    {"cache", "stored", "cache_stored_total", {}, "Answers stored.", at<&C::stored>},
    {"cache", "evicted", "cache_evicted_total", {}, "Answers evicted to make room.", at<&C::evicted>},

    {"query_log",
     "written",
     "query_log_queries_total",
     {"outcome", "written"},
     "Queries for the query log, by outcome.",
     at<&L::written>},
    {"query_log", "dropped", "query_log_queries_total", {"outcome", "dropped"}, "", at<&L::dropped>},
    {"query_log", "failed", "query_log_queries_total", {"outcome", "failed"}, "", at<&L::failed>},
};

}  // namespace

std::span<const Counter> counters() { return table; }

}  // namespace tacet
