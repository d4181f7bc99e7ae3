#include "observe/journal.hpp"

#include "base/log.hpp"
#include "dns/edns.hpp"

namespace tacet {
namespace {

std::string_view to_string(Source source) {
  switch (source) {
    case Source::policy:
      return "policy";
    case Source::cache:
      return "cache";
    case Source::stale:
      return "stale";
    case Source::upstream:
      return "upstream";
    case Source::failure:
      return "failure";
  }
  return "unknown";
}

void log_query(const QueryRecord& record) {
  const Name name = Name::from_checked_wire(record.query.subspan(12, record.index.question_ends - 16U));
  const auto milliseconds = std::chrono::duration<double, std::milli>(record.taken).count();
  log::debug("{} {}: {} from {} in {:.1f} ms{}{}{}{}", name.to_string(), tacet::to_string(record.index.type),
             tacet::to_string(record.rcode), to_string(record.source), milliseconds,
             record.exchange != nullptr ? " by " : "", record.exchange != nullptr ? record.exchange->upstream : "",
             record.error != nullptr ? ": " : "", record.error != nullptr ? record.error->detail : "");
}

}  // namespace

void Journal::record(const QueryRecord& record) {
  answered_now(record.source, record.rcode);
  metrics_.waited_time.observe(record.taken);
  if (record.source == Source::upstream) metrics_.miss_time.observe(record.taken);
  if (log::enabled(log::Level::debug)) log_query(record);
}

void Journal::exchanged(const Response& response, Instant now) {
  ledger_.answered(response.exchange, is_padded(response.message), now);
}

}  // namespace tacet
