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

using Label = std::pair<std::string_view, std::string_view>;
constexpr Label no_label{};
constexpr Label label(std::string_view name, std::string_view value) { return {name, value}; }

constexpr Counter table[] = {
    {"", "workers", "workers", no_label, "Threads that serve.", at<&Snapshot::workers>},
    {"", "tcp_clients", "tcp_clients", no_label, "TCP connections of clients now open.", at<&M::tcp_clients>},
    {"", "tls_clients", "tls_clients", no_label, "Connections of DNS over TLS clients now open.", at<&M::tls_clients>},
    {"", "https_clients", "https_clients", no_label, "Connections of DNS over HTTPS clients now open.",
     at<&M::https_clients>},
    {"", "pending", "pending_queries", no_label, "Queries that wait for an upstream.", at<&Snapshot::pending>},
    {"", "slow_turns", "slow_turns_total", no_label,
     "Turns of the event loops that took longer than 2 ms: all other clients waited for them.",
     at<&Snapshot::slow_turns>},
    {"", "plaintext_lookups", "plaintext_lookups_total", no_label, "Look-ups of upstreams' names in plaintext.",
     at<&Snapshot::plaintext_lookups>},

    {"reloads", "good", "config_reloads_total", label("outcome", "good"), "Reloads of the configuration, by outcome.",
     at<&ReloadCounts::good>},
    {"reloads", "refused", "config_reloads_total", label("outcome", "refused"), "", at<&ReloadCounts::refused>},

    {"queries", "udp", "queries_total", label("transport", "udp"), "Queries of clients.", at<&M::udp_queries>},
    {"queries", "tcp", "queries_total", label("transport", "tcp"), "", at<&M::tcp_queries>},
    {"queries", "tls", "queries_total", label("transport", "tls"), "", at<&M::tls_queries>},
    {"queries", "https", "queries_total", label("transport", "https"), "", at<&M::https_queries>},
    {"queries", "dropped", "dropped_total", no_label, "Datagrams dropped because they are no queries.",
     at<&M::dropped>},
    {"queries", "rejected", "rejected_total", no_label,
     "Queries answered FORMERR, NOTIMP, BADVERS or REFUSED for their form.", at<&M::rejected>},

    {"answers", "policy", "answers_total", label("source", "policy"), "Answers to clients, by source.",
     answers_by<Source::policy>},
    {"answers", "cache", "answers_total", label("source", "cache"), "", answers_by<Source::cache>},
    {"answers", "stale", "answers_total", label("source", "stale"), "", answers_by<Source::stale>},
    {"answers", "upstream", "answers_total", label("source", "upstream"), "", answers_by<Source::upstream>},
    {"answers", "failure", "answers_total", label("source", "failure"), "", answers_by<Source::failure>},

    {"events", "coalesced", "coalesced_total", no_label, "Cache misses that joined another's exchange.",
     at<&M::coalesced>},
    {"events", "prefetches", "prefetches_total", no_label, "Refreshes begun before expiry.", at<&M::prefetches>},
    {"events", "prefetches_used", "prefetches_used_total", no_label,
     "Refreshes begun before expiry that spared a client's wait.", at<&M::prefetches_used>},
    {"events", "followers_asked", "followers_asked_total", no_label,
     "Names fetched because they came behind another name before.", at<&M::followers_asked>},
    {"events", "followers_used", "followers_used_total", no_label, "Names so fetched that spared a client's wait.",
     at<&M::followers_used>},
    {"events", "ahead_denied", "ahead_denied_total", no_label,
     "Fetches ahead of clients not begun because too few were used.", at<&M::ahead_denied>},
    {"events", "overloaded", "overloaded_total", no_label,
     "Cache misses answered SERVFAIL because limits.pending was reached.", at<&M::overloaded>},
    {"events", "not_allowed", "not_allowed_total", no_label,
     "Queries and connections refused because no prefix of allow holds the address.", at<&M::not_allowed>},
    {"events", "rate_limited", "rate_limited_total", no_label, "UDP queries over limits.rate, answered by TC=1.",
     at<&M::rate_limited>},
    {"events", "wait_limited", "wait_limited_total", no_label,
     "Cache misses of clients that had limits.per_client queries waiting.", at<&M::wait_limited>},
    {"events", "truncated", "truncated_total", no_label, "Replies sent with TC=1.", at<&M::truncated>},
    {"events", "send_failures", "send_failures_total", no_label, "UDP replies that the kernel did not take.",
     at<&M::send_failures>},
    {"events", "retries", "retries_total", no_label, "Exchanges begun because another failed.", at<&M::retries>},
    {"events", "bad_answers", "bad_answers_total", no_label, "Mismatched or malformed answers of upstreams.",
     at<&M::bad_answers>},
    {"events", "rebinds_refused", "rebinds_refused_total", no_label,
     "Answers refused for private addresses of public names.", at<&M::rebinds_refused>},
    {"events", "hedges_sent", "hedges_total", label("outcome", "sent"),
     "Second exchanges wanted because the first seemed lost.", at<&M::hedges_sent>},
    {"events", "hedges_denied", "hedges_total", label("outcome", "denied"), "", at<&M::hedges_denied>},
    {"events", "hedges_won", "hedges_won_total", no_label, "Second exchanges that answered first.", at<&M::hedges_won>},

    {"dnssec", "secure", "dnssec_answers_total", label("verdict", "secure"),
     "Answers of upstreams, by the result of their validation.", verdicts<SecurityStatus::secure>},
    {"dnssec", "insecure", "dnssec_answers_total", label("verdict", "insecure"), "",
     verdicts<SecurityStatus::insecure>},
    {"dnssec", "bogus", "dnssec_answers_total", label("verdict", "bogus"), "", verdicts<SecurityStatus::bogus>},
    {"dnssec", "indeterminate", "dnssec_answers_total", label("verdict", "indeterminate"), "",
     verdicts<SecurityStatus::indeterminate>},
    {"dnssec", "repaired", "dnssec_repaired_total", no_label,
     "Answers that one server could not prove and another one could.", at<&M::dnssec_repaired>},
    {"dnssec", "questions", "dnssec_questions_total", no_label, "Questions to upstreams that only validation needs.",
     at<&M::dnssec_questions>},
    {"dnssec", "denied_here", "dnssec_denied_here_total", no_label,
     "Names answered as not existing by a denial that was proven before.", at<&M::dnssec_denied_here>},
    {"dnssec_bogus", "signature_expired", "dnssec_bogus_total", label("reason", "signature_expired"),
     "Bogus answers, by reason.", bogus_by<7>},
    {"dnssec_bogus", "signature_not_yet_valid", "dnssec_bogus_total", label("reason", "signature_not_yet_valid"), "",
     bogus_by<8>},
    {"dnssec_bogus", "dnskey_missing", "dnssec_bogus_total", label("reason", "dnskey_missing"), "", bogus_by<9>},
    {"dnssec_bogus", "rrsigs_missing", "dnssec_bogus_total", label("reason", "rrsigs_missing"), "", bogus_by<10>},
    {"dnssec_bogus", "no_zone_key", "dnssec_bogus_total", label("reason", "no_zone_key"), "", bogus_by<11>},
    {"dnssec_bogus", "nsec_missing", "dnssec_bogus_total", label("reason", "nsec_missing"), "", bogus_by<12>},
    {"dnssec_bogus", "not_genuine", "dnssec_bogus_total", label("reason", "not_genuine"), "", bogus_by<6>},
    {"dnssec_bogus", "other", "dnssec_bogus_total", label("reason", "other"), "", bogus_by<0>},

    {"cache", "entries", "cache_entries", no_label, "Answers held.", at<&C::entries>},
    {"cache", "octets", "cache_bytes", no_label, "Memory that the cached answers take.", at<&C::octets>},
    {"cache", "budget", "cache_budget_bytes", no_label, "Memory that the cached answers may take.", at<&C::budget>},
    {"cache", "stored", "cache_stored_total", no_label, "Answers stored.", at<&C::stored>},
    {"cache", "evicted", "cache_evicted_total", no_label, "Answers evicted to make room.", at<&C::evicted>},

    {"query_log", "written", "query_log_queries_total", label("outcome", "written"),
     "Queries for the query log, by outcome.", at<&L::written>},
    {"query_log", "dropped", "query_log_queries_total", label("outcome", "dropped"), "", at<&L::dropped>},
    {"query_log", "failed", "query_log_queries_total", label("outcome", "failed"), "", at<&L::failed>},
};

}  // namespace

std::span<const Counter> counters() { return table; }

}  // namespace tacet
