#include "observe/journal.hpp"

#include <algorithm>
#include <new>

#include "base/log.hpp"
#include "dns/edns.hpp"

namespace tacet {
namespace {

void log_query(const QueryRecord& record) {
  const Name name = Name::from_checked_wire(record.query.subspan(12, record.index.question_ends - 16U));
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
  if (log::enabled(LogLevel::debug)) log_query(record);
  if (logs()) log(record);
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
    const Bytes name = record.query.subspan(12, record.index.question_ends - 16U);
    std::ranges::copy(name, entry.name.begin());
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

void Journal::exchanged(const Response& response, Instant now) {
  ledger_.answered(response.exchange, is_padded(response.message), now);
}

}  // namespace tacet
