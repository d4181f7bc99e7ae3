#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "listen/awaited_https_records.hpp"
#include "listen/listener_context.hpp"
#include "listen/stream_client.hpp"
#include "observe/client_transport.hpp"

namespace tacet {

/// How the replies to a client's queries are framed. A tag tells for which query a reply is.
class ReplyFraming {
public:
  using Tag = std::uint32_t;

  virtual ~ReplyFraming() = default;
  /// Puts a reply into the client's buffer.
  virtual void frame(Tag tag, Bytes reply) = 0;
  /// Answers, in the protocol around DNS, what is no DNS query. May close the client.
  virtual void reject(Tag tag) = 0;
};

/// The options that a client has asked for in its reply.
struct ReplyExtras {
  bool timeout = false;  ///< how long an idle connection stays (RFC 7828)
  bool nsid = false;     ///< which server answers (RFC 5001)
};

/// Answers the queries of one client of a stream, each as soon as possible, in any order, by the same rules for TCP,
/// TLS and HTTPS. Over TLS and HTTPS the addresses of a name do not overtake its HTTPS record (see
/// AwaitedHttpsRecords). The session of the client owns it.
class StreamQueries {
public:
  /// `told_idle`: the idle time that it tells clients that ask for it (RFC 7828); nothing: it tells none.
  struct Terms {
    ClientTransport transport;
    std::optional<Duration> told_idle;
  };
  StreamQueries(const ListenerContext& context, StreamClient& client, ReplyFraming& framing, const Terms& terms);
  ~StreamQueries() = default;
  StreamQueries(const StreamQueries&) = delete;
  StreamQueries& operator=(const StreamQueries&) = delete;

  /// True while the client may ask nothing more. Admission charges a query before the session looks for it. A client
  /// that lost its permission (a reload, an address that has gone) is served no further.
  bool rests(Instant now);
  /// The session has found something that is no query. It costs the client as much as one.
  void forfeit() { paid_ = false; }
  /// Answers a message by the framing, now or later. The message is no longer needed when it returns.
  void serve(ReplyFraming::Tag tag, Bytes message, Instant now);
  /// False while too many queries wait.
  bool takes_more() const { return in_flight_ < context_.admission.per_client(); }
  /// True while a query waits for its answer.
  bool owes() const { return in_flight_ > 0; }
  /// To be called at the end of each turn.
  void on_turn_ended(Instant begun);
  /// To be called when the connection is over.
  void on_closed() noexcept;

private:
  struct Waiting;
  void serve_now(ReplyFraming::Tag tag, Bytes message, Instant now);
  void turn_away(ReplyFraming::Tag tag, Bytes message, const MessageIndex& index);
  void send(ReplyFraming::Tag tag, std::span<std::uint8_t> buffer, std::size_t size, const ReplyExtras& wanted);
  Asker asker() const;
  void answer(ReplyFraming::Tag tag, const QueryView& query);
  bool must_wait(const QuestionView& question) const;
  static Task<void> answer_later(std::shared_ptr<StreamQueries> self, Waiting waiting);
  void deliver(Waiting& waiting);

  const ListenerContext& context_;
  StreamClient& client_;
  ReplyFraming& framing_;
  const Terms terms_;
  AwaitedHttpsRecords https_records_;  // over encrypted transports only
  std::size_t in_flight_ = 0;
  std::uint64_t at_once_ = 0;  // queries of the last read that were answered at once
  bool paid_ = false;          // the next query is already charged
};

}  // namespace tacet
