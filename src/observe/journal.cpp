#include "observe/journal.hpp"

#include <algorithm>
#include <functional>
#include <new>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"
#include "dns/edns.hpp"
#include "dns/name_text.hpp"
#include "privacy/public_suffix.hpp"

namespace tacet {
namespace {

/// The name of the question, in wire form.
Bytes name_in(const QueryRecord& record) { return record.query.subspan(12, record.index.question_ends - 16U); }

void log_query(const QueryRecord& record) {
  const Name name = Name::from_checked_wire(name_in(record));
  const auto milliseconds = std::chrono::duration<double, std::milli>(record.taken).count();
  log::debug("{} {}: {} from {} in {:.1f} ms{}{}{}{}", name.to_string(), tacet::to_string(record.index.type),
             tacet::to_string(record.rcode), tacet::to_string(record.source), milliseconds,
             record.exchange != nullptr ? " by " : "", record.exchange != nullptr ? record.exchange->upstream : "",
             record.error != nullptr ? ": " : "", record.error != nullptr ? record.error->detail : "");
}

}  // namespace

void Journal::record(const QueryRecord& record) {
  answered_now(record.source, record.rcode);
  metrics_.waited_time.observe(record.taken);
  if (record.source == Source::upstream) metrics_.miss_time.observe(record.taken);
  if (record.rcode != Rcode::noerror && record.rcode != Rcode::nxdomain) note_failure(record);
  if (log::enabled(LogLevel::debug)) log_query(record);
  if (logs()) log(record);
}

void Journal::note_failure(const QueryRecord& record) {
  if (!ledger_.keeps_names()) return;
  std::string why(tacet::to_string(record.rcode));
  if (!record.reason.empty()) why.append(": ").append(record.reason);
  ledger_.failed({.name = lower_case(chars_of(name_in(record))),
                  .type = record.index.type,
                  .why = std::move(why),
                  .last = record.arrived + record.taken});
}

void Journal::log(const QueryRecord& record) {
  try {
    tap(record);
  } catch (const std::bad_alloc&) {
    log::escaped("a line of the query log");
  }
}

void Journal::tap(const QueryRecord& record) {
  tap_->put([&](LoggedQuery& entry) {
    const Bytes name = name_in(record);
    std::copy(name.begin(), name.end(), entry.name.begin());
    entry.name_size = static_cast<std::uint8_t>(name.size());
    entry.client = record.client;
    entry.type = record.index.type;
    entry.rcode = record.rcode;
    entry.source = record.source;
    entry.extended_error = record.extended_error;
    entry.arrived = record.arrived;
    entry.taken = record.taken;
    entry.upstream.assign(record.exchange != nullptr ? std::string_view(record.exchange->upstream) : "");
  });
}

void Journal::upstream_answered(Bytes name, Rcode rcode, Instant now) {
  if (rcode == Rcode::noerror || rcode == Rcode::nxdomain) return streak_.succeeded(now);
  const auto domain = registrable_domain(lower_case(name_text(Name::from_checked_wire(name))));
  if (!streak_.failed(std::hash<std::string>()(domain), now) || !gates_->failure_streak.pass(now)) return;
  log::warn(
      "the upstreams answer, but new names do not resolve: the last ones all failed, in {} domains, the last of them "
      "with {}",
      FailureStreak::enough, tacet::to_string(rcode));
}

void Journal::exchanged(const Response& response, Instant now) {
  ledger_.answered(response.exchange, is_padded(response.message), now);
}

}  // namespace tacet
