#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/scheduler.hpp"
#include "observe/latency.hpp"
#include "tacet/upstream.hpp"
#include "transport/upstream_server.hpp"

namespace tacet {

/// Keeps one connection to an upstream. Opens it when a query comes, replaces it when it is silent, closes it when it
/// is idle. Sends a query again on the next connection if its connection dies; the caller does not notice.
///
/// Silence counts from the later of the last octet received and the moment the oldest unanswered query was sent. A
/// silent connection is suspect if the kernel has held unacknowledged data for as long, or if queries for two different
/// names went unanswered since its last answer (given up or not). One unanswered name proves nothing. After half a
/// second of such silence a fresh connection races the old one, and the channel keeps the first that answers. Past the
/// limit the channel retires the old one. All three times are longer on a slow link.
///
/// Some queries make a server close the connection. So a connection that ended without any answer is followed by one
/// that gets one query at first, and more with each answer: the query that is the reason shows itself by being alone,
/// and costs the others a few round trips. If such a query is answered later, the server has other reasons, and for a
/// while queries get more tries.
///
/// Some servers close behind each answer, or behind a few. Once the server is known to do so, several connections carry
/// the queries, each no more than it will answer.
///
/// A connection whose greeting gets no answer is told to the server, which may choose another path. The channel then
/// dials by that one at once; the queries stay, and their tries count anew.
///
/// After a pause, a NAT may have forgotten the connection. So the first query then gets less patience: if it is not
/// acknowledged within a round trip and a bit, the race begins.
class Channel final : public Upstream {
public:
  /// `number` counts the channels of a service from 0; the service must outlive the channel.
  Channel(UpstreamServer& service, std::size_t number);
  ~Channel() override;

  std::string_view id() const override { return id_; }
  Task<Result<Response>> exchange(const Message& query, Instant deadline) override;
  bool warm() const override;
  bool held_up() const override;
  void prepare() override;
  UpstreamState state() const override;
  void network_changed() override;

private:
  struct Call;
  class Link;
  struct BriefLink;

  /// What connections that ended with queries on them teach, until the last query has its answer.
  struct Caution {
    static constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max() / 2;

    std::size_t room = no_limit;  ///< how many queries the next connection gets at once
    unsigned barren = 0;          ///< connections in a row that ended without any answer
    unsigned accused = 0;         ///< queries since the last answer that a connection ended under while it had no other
  };

  void submit(Call& call);
  void feed(Link& link);
  void widen(Link& link, std::size_t by);
  void demand_connection();
  Task<void> look_up();
  void connected(ConnectedSocket socket);
  void round_failed(const Error& error);

  void established(Link& link);
  void answered(Link& link, Tag tag, Result<Message> answer);
  void lost(Link& link, const Error& why);
  void spent(Link& link);
  void settle(const Link& winner);
  void end_race(const Link& answering);
  std::size_t unanswered_on(const Link& link) const;
  void blame(const Link& ended, const Error& why);
  void blame_all();
  bool serves_nobody() const;
  void reissue(const Error& why);
  void drop_hopeless(const Error& why);
  void fail_all(const Error& error);
  void word(Call& call);
  bool asks_without_opt(Call& call, Response& response);
  void judge_wording(Call& call, Response& second);
  void deliver(Call& call, Result<Response> result);
  void given_up(const Call& call);

  void learn_quota(const Link& ended, std::size_t left, const Error& why);
  void share_out(std::size_t quota);
  std::size_t riders_of(const Link& link) const;
  Duration silence_of(const BriefLink& brief) const;
  bool is_at_fault(const BriefLink& brief) const;
  void unload(const Link& link);
  void pass_by(BriefLink& brief);
  void clear_briefs(std::size_t quota);
  void load(BriefLink& brief, std::size_t quota);
  void brief_connected(BriefLink& brief, ConnectedSocket socket);
  void brief_unreachable(const Error& error);
  bool brief_lost(const Link& link, const Error& why);
  void brief_answered();
  void keep_one_brief(std::size_t quota);
  void leave_quota();
  void drop_briefs();

  void rest();
  void tell(Link& link, GreetingOutcome showed);
  void tell_unreachable(GreetingOutcome showed);
  bool has_moved();
  void dial_afresh();
  void watch_greetings();
  void on_late_greeting();
  Duration race_after() const;
  void watch(Duration patience);
  bool doubts_connection() const;
  void judge_pause(const Link& answering);
  void on_doubt();
  void on_watch();
  bool suspect(const Link& link, Duration silence) const;
  void retire(std::unique_ptr<Link>& link);
  void on_idle();
  void note_failure(const Error& error);
  void note_shortage(const Error& error);
  void note_success();

  Scheduler& scheduler() const { return server_.context().loop.scheduler(); }
  Instant now() const { return scheduler().now(); }

  UpstreamServer& server_;
  const std::size_t number_;
  std::string id_;
  std::map<Tag, Call*> calls_;  // unanswered, the oldest first
  Tag next_tag_ = 1;
  std::unique_ptr<Link> current_;
  std::unique_ptr<Link> fresh_;                     // raced against a suspect current_
  std::vector<std::unique_ptr<BriefLink>> briefs_;  // to a server with a quota; none while there is a current_
  Connector connector_;
  Alarm watch_;
  Alarm greeting_;         // a connection has greeted and got no answer
  Rung way_;               // of the path that was last seen
  Instant dialled_{};      // when the race for a connection began
  Instant tells_again_{};  // when it is told next that this race leads nowhere
  bool doubtful_ = false;  // the connection has not answered since a pause, and watch_ rings early
  Alarm idle_;
  Latency latency_;
  UpstreamState counters_;
  bool looking_up_ = false;
  bool failing_ = false;
  Caution caution_;
  std::optional<Error> shortage_;  // why this machine could not connect the last time
  log::RateLimit shortage_log_;
};

}  // namespace tacet
