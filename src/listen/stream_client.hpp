#pragma once
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/loop.hpp"
#include "base/shield.hpp"
#include "tacet/instant.hpp"
#include "tacet/name.hpp"
#include "transport/byte_stream.hpp"
#include "transport/dial/socket.hpp"

namespace tacet {

/// How long a client may keep its connection.
struct StreamLimits {
  Duration idle;                                 ///< without a request, or without reading what we send
  Duration partial;                              ///< with half of a request, since its last octet came
  std::optional<Duration> whole = std::nullopt;  ///< from the first octet to the last; nothing: any
  /// Until the first octets for the session came, in which the stream makes its handshake; nothing: it has none.
  std::optional<Duration> greeting = std::nullopt;
};

/// The protocol with one client: cuts its octets into requests, and serves each. Its StreamClient owns it and alone
/// calls it. An exception (no memory) ends the connection.
class StreamSession {
public:
  enum class Step : std::uint8_t {
    served,  ///< one request
    none,    ///< no whole request is left
    later,   ///< no request may be served now: the client rests, or finishes
  };

  virtual ~StreamSession() = default;
  /// Keeps a copy of the octets.
  virtual void feed(Bytes octets) = 0;
  /// Serves the next request, if there is a whole one. May close the client.
  virtual Step serve_next(Instant now) = 0;
  /// True if half of a request is here.
  virtual bool partial() const = 0;
  /// False while too many requests wait for their answers.
  virtual bool takes_more() const { return true; }
  /// True while a request waits for its answer.
  virtual bool owes() const { return false; }
  /// Appends to the client's buffer what waits in the session's own, if it has one. May be called at any time.
  virtual void produce() {}
  /// The turn that began at `begun` has sent its immediate answers. The connection may be over.
  virtual void on_turn_ended(Instant begun) { static_cast<void>(begun); }
  /// The connection is over.
  virtual void on_closed() noexcept {}
};

/// One connection of a StreamServer. It reads only while its session takes more and the client reads its answers. It
/// ends when a time limit is over. The server owns it. A coroutine that answers later shares it, and may find it
/// closed.
class StreamClient : public std::enable_shared_from_this<StreamClient> {
public:
  using List = std::list<std::shared_ptr<StreamClient>>;
  class Owner {
  public:
    virtual ~Owner() = default;
    virtual void on_heard(StreamClient& client) = 0;
    /// The client begins with a PROXY header where none is taken. Its connection ends next.
    virtual void on_proxy_header(const StreamClient& client) = 0;
    /// The client waits for a step of its handshake: the owner calls greet() soon. std::bad_alloc.
    virtual void on_greeting(StreamClient& client) = 0;
    /// The owner releases it, so it may be destroyed afterwards. `socket`, if it is one, may have answers under way.
    virtual void on_closed(StreamClient& client, Descriptor socket) = 0;
  };

  /// `loop` and `owner` must outlive it. std::bad_alloc.
  StreamClient(Loop& loop, Owner& owner, std::unique_ptr<ByteStream> stream, const KernelAddress& address);
  ~StreamClient();
  StreamClient(const StreamClient&) = delete;
  StreamClient& operator=(const StreamClient&) = delete;

  /// Begins to read, for `session`.
  void start(std::unique_ptr<StreamSession> session, const StreamLimits& limits);
  /// Makes one step of the handshake. Does nothing if it is over.
  void greet();
  /// Reads nothing more; closes when no answer is due.
  void finish();
  /// Ends the connection. `this` may be destroyed afterwards.
  void close();

  /// Sends the content of out(), serves the requests that it has read, and reads on.
  void go_on();
  /// Serves and reads nothing before `until`.
  void rest_until(Instant until) { rest_.arm(until); }
  /// The buffer to append answers to. The end of the present turn sends it; outside a turn call go_on().
  std::vector<std::uint8_t>& out() { return out_; }

  /// Ask only while it is open.
  const ByteStream& stream() const { return *stream_; }
  bool is_open() const { return watch_.has_value(); }
  /// True while the client waits for something.
  bool busy() const { return session_->owes() || !out_.empty() || rest_.armed() || (stream_ && stream_->keeps()); }
  /// Since when it asks, makes its handshake, or has not asked yet; nothing: all of it is done.
  std::optional<Instant> at_work_since() const { return at_work_since_; }
  /// False as long as it has sent nothing.
  bool has_begun() const { return heard_ || awaits_step_ || steps_ > 0; }
  /// The client's address; of the family AF_UNIX if it has none.
  const KernelAddress& address() const { return address_; }

  /// Calls `work`. An exception ends the connection, because its buffers may be incomplete.
  template <class Work>
  void guarded(Work&& work) noexcept {
    const auto alive = shared_from_this();
    if (!shielded(false, [&] { return work(), true; })) close();
  }

  List::iterator place;  ///< the owner's

private:
  Descriptor disconnect();
  void on_ready(Watch::Ready ready);
  void take_turn();
  void read();
  bool takes_more() const;
  bool serve(Instant now);
  void flush();
  void wait_at_most(Duration time);
  void note_if_at_rest(Instant now);

  Loop& loop_;
  Owner& owner_;
  KernelAddress address_;
  std::unique_ptr<ByteStream> stream_;
  std::optional<Watch> watch_;
  AsyncCall turn_;  // goes on after the other clients' turns
  Alarm patience_;
  Alarm rest_;
  StreamLimits limits_{};
  Instant begun_;
  std::optional<Instant> at_work_since_;  // it has come, asks, or waits for an answer; nothing: it is at rest
  std::unique_ptr<StreamSession> session_;
  std::vector<std::uint8_t> out_;
  bool greets_ = false;       // its handshake is not over
  bool heard_ = false;        // octets for the session have come
  bool awaits_step_ = false;  // of its handshake
  int steps_ = 0;             // of its handshake
  bool going_on_ = false;
  bool has_left_ = false;  // requests for the next turn
  bool finished_ = false;
};

}  // namespace tacet
