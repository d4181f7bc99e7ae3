#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "dns/nsid.hpp"
#include "transport/channel.hpp"

/// The insides of a Channel, for its own files only.
namespace tacet {

/// One query that waits for its answer; lives in the frame of exchange().
struct Channel::Call {
  Call(Channel& owner, const Message& asked) : channel(owner), query(asked), answer(owner.scheduler()) {}
  ~Call() {
    if (channel.calls_.erase(tag) > 0) channel.given_up(*this);
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  Channel& channel;
  const Message& query;
  Tag tag = 0;
  Instant sent{};
  unsigned tries = 0;                            // connections that ended with this query on them
  unsigned suspicions = 0;                       // of these, how many may have ended because of it
  std::unique_ptr<const Message> without_opt{};  // what is sent instead of `query`
  std::unique_ptr<Response> with_opt{};          // the answer to `query`, while the one without OPT is asked
  bool was_accused = false;                      // a connection ended while it had this query only
  bool goes_alone = false;                       // one of those on a connection that ended without an answer
  const Link* rides_on = nullptr;                // to a server with a quota; null: it waits in line
  OneShot<Result<Response>> answer;

  const Message& wording() const { return without_opt ? *without_opt : query; }
};

/// A connection and what the channel knows of it.
class Channel::Link final : public Connection::Owner {
public:
  Link(Channel& channel, ConnectedSocket socket)
      : opened(channel.now()),
        last_received(opened),
        last_answered(opened),
        way(socket.path().rung),
        address(socket.address()),
        connect_time(socket.connect_time()),
        patience(std::max(socket.path().patience, 3 * connect_time)),
        channel_(channel),
        connection(channel.server_.connect(std::move(socket), *this)) {}

  void on_established() override { channel_.established(*this); }
  void on_received() override { last_received = channel_.now(); }
  void on_answer(Tag tag, Result<Message> answer) override {
    last_answered = channel_.now();
    left_unanswered.reset();
    channel_.answered(*this, tag, std::move(answer));
  }
  void on_spent() override {
    is_spent = true;
    channel_.spent(*this);
  }
  void on_closed(Error why) override { channel_.lost(*this, why); }

  void send(Tag tag, const Message& query) {
    if (!greeted_at) greeted_at = channel_.now();
    const bool asks = !asks_name && query.index().has_edns && channel_.server_.events().on_named;
    if (asks) asks_name = tag;
    sent_to = tag;
    connection->send(tag, asks ? with_nsid(query) : query);
  }
  /// When the answer to the greeting is late; never if there is no greeting that waits for one.
  Instant greeting_due() const {
    if (is_established || is_told || !greeted_at) return Instant::max();
    return std::max(*greeted_at, last_received) + patience;
  }

  void leave_unanswered(const Name& name) {
    if (!left_unanswered) {
      left_unanswered = name;
      left_others = false;
    }
    left_others = left_others || !(*left_unanswered == name);
  }

  Instant opened;
  Instant last_received;
  Instant last_answered;                // or opened
  std::optional<Name> left_unanswered;  // the first name given up since then
  bool left_others = false;             // queries for other names were given up, too
  Rung way;
  DialTarget address;
  Duration connect_time;
  Duration patience;                  // with the greeting
  std::optional<Instant> greeted_at;  // with the first query: DoH shakes hands with it
  bool is_told = false;               // that the greeting failed
  bool is_established = false;
  bool is_spent = false;  // it must give way to a successor
  bool prepared = false;  // opened for queries to come; DoH shakes hands with the first of them
  Duration pause{};       // a long one that the queries of now ended; zero once it is known whether this survived it
  std::uint64_t answers = 0;
  Tag sent_to = 0;                       // the last query sent; queries are sent in the order of their tags
  std::size_t room = Caution::no_limit;  // how many queries it may have unanswered
  std::optional<Tag> asks_name;          // the query that asks for the server's name, too

private:
  Channel& channel_;

public:
  std::unique_ptr<Connection> connection;  // last: the first to be destroyed
};

/// A connection that carries a few queries, to a server with a quota.
struct Channel::BriefLink {
  explicit BriefLink(Channel& channel);

  Instant begun;
  Connector connector;
  std::unique_ptr<Link> link{};  // null while it is dialled
  std::size_t sent = 0;          // queries
  Instant loaded{};              // when the last of them was sent
  bool is_passed_by = false;     // it was silent for so long that its queries went over others, too
};

}  // namespace tacet
