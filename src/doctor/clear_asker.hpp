#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "base/loop.hpp"
#include "doctor/clear_query.hpp"
#include "tacet/instant.hpp"
#include "tacet/task.hpp"
#include "transport/plain/query_ids.hpp"

namespace tacet {

/// One reply to a query in clear.
struct ClearAnswer {
  Message message;
  int attempt = 0;   ///< the number of the sending that it replies to
  Duration after{};  ///< from that sending
};

/// All that happened to one query in clear.
struct ClearOutcome {
  std::vector<std::vector<std::uint8_t>> sent;  ///< the octets of each sending
  std::vector<ClearAnswer> answers;             ///< in the order of their arrival
  std::optional<Error> trouble;                 ///< why nothing could be sent, or why TCP brought no answer

  const Message* first() const { return answers.empty() ? nullptr : &answers.front().message; }
};

/// Sends queries in clear and keeps all that comes back. It waits on after the first answer: a network that
/// injects answers does not stop the true one. It never sends more queries than the limit.
class ClearAsker {
public:
  /// A query by UDP is sent at most three times, a second apart, each time from a new port with a new ID: one lost
  /// datagram is no blocked port.
  static constexpr int most_sendings = 3;
  static constexpr Duration patience = std::chrono::seconds(1);
  /// How long the socket stays open behind the first answer.
  static constexpr Duration race_time = std::chrono::seconds(2);

  ClearAsker(Loop& loop, std::size_t most_queries) : loop_(loop), left_(most_queries) {}

  /// Asks, and fills `outcome`, which must outlive the task.
  Task<void> ask(ClearQuery query, ClearOutcome& outcome);

private:
  Task<void> by_udp(const ClearQuery& query, ClearOutcome& outcome);
  Task<void> by_tcp(const ClearQuery& query, ClearOutcome& outcome);
  bool take() { return left_ > 0 && (--left_, true); }

  Loop& loop_;
  QueryIds ids_;
  std::size_t left_;
};

}  // namespace tacet
