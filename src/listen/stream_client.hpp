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
#include "listen/byte_stream.hpp"
#include "tacet/instant.hpp"
#include "tacet/name.hpp"
#include "transport/dial/socket.hpp"

namespace tacet {

/// How long a client may keep its connection.
struct StreamLimits {
  Duration idle;     ///< without a request, or without taking anything of what is sent to it
  Duration partial;  ///< with half of a request, since its last octet came
  std::optional<Duration> whole = std::nullopt;  ///< from the first octet to the last; nothing: any
};

/// What one client says and hears: cuts its octets into requests, and serves each. Only its StreamClient calls it, and
/// owns it. An exception (no memory) ends the connection.
class StreamSession {
public:
  enum class Step : std::uint8_t {
    served,  ///< one request
    none,    ///< no whole request is left
    later,   ///< nothing more may be served now: the client rests, or is to finish
  };

  virtual ~StreamSession() = default;
  /// Keeps a copy of what came.
  virtual void feed(Bytes octets) = 0;
  /// Serves the next request, if there is a whole one. May close the client.
  virtual Step serve_next(Instant now) = 0;
  /// True if half of a request is here.
  virtual bool partial() const = 0;
  /// False while too many requests wait for their answers.
  virtual bool takes_more() const { return true; }
  /// True while a request waits for its answer.
  virtual bool owes() const { return false; }
  /// The turn that began at `begun` has sent the answers that were there at once. The connection may be over.
  virtual void on_turn_ended(Instant begun) { static_cast<void>(begun); }
  /// The connection is over.
  virtual void on_closed() noexcept {}
};

/// One connection of a StreamServer. Reads no further than its session takes more and the client takes what is sent to
/// it, and ends when a time is over. The server keeps it. A coroutine that answers later shares it, and finds it
/// closed.
class StreamClient : public std::enable_shared_from_this<StreamClient> {
public:
  using List = std::list<std::shared_ptr<StreamClient>>;
  class Owner {
  public:
    virtual ~Owner() = default;
    virtual void on_heard(StreamClient& client) = 0;
    /// The owner lets it go; it may be gone afterwards.
    virtual void on_closed(StreamClient& client) = 0;
  };

  /// `loop` and `owner` must outlive it. std::bad_alloc.
  StreamClient(Loop& loop, Owner& owner, std::unique_ptr<ByteStream> stream, const KernelAddress& address);
  ~StreamClient() { disconnect(); }
  StreamClient(const StreamClient&) = delete;
  StreamClient& operator=(const StreamClient&) = delete;

  /// Begins to read, for `session`.
  void start(std::unique_ptr<StreamSession> session, const StreamLimits& limits);
  /// Reads nothing more; closes when nothing is owed.
  void finish();
  /// Ends the connection. `this` may be gone afterwards.
  void close();

  /// Sends what out() holds, serves what has been read, and reads on.
  void go_on();
  /// Serves and reads nothing before `until`.
  void rest_until(Instant until) { rest_.arm(until); }
  /// Where to append what is to be sent. It leaves when the present turn is over; else call go_on().
  std::vector<std::uint8_t>& out() { return out_; }

  bool is_open() const { return watch_.has_value(); }
  /// True while the client waits for something.
  bool busy() const { return session_->owes() || !out_.empty() || rest_.armed(); }
  /// From where it has connected; of the family AF_UNIX if it has no address.
  const KernelAddress& address() const { return address_; }

  /// Calls `work`. An exception ends the connection: what was read, or is to be sent, is not whole.
  template <class Work>
  void guarded(Work&& work) noexcept {
    const auto alive = shared_from_this();
    if (!shielded(false, [&] { return work(), true; })) close();
  }

  List::iterator place;  ///< the owner's

private:
  void disconnect();
  void on_ready(Watch::Ready ready);
  bool takes_more() const;
  bool serve(Instant now);
  void flush();
  void wait_at_most(Duration time);

  Loop& loop_;
  Owner& owner_;
  KernelAddress address_;
  std::unique_ptr<ByteStream> stream_;
  std::optional<Watch> watch_;
  AsyncCall turn_;  // goes on when others have had theirs
  Alarm patience_;
  Alarm rest_;
  StreamLimits limits_{};
  Instant begun_;
  std::unique_ptr<StreamSession> session_;
  std::vector<std::uint8_t> out_;
  bool going_on_ = false;
  bool finished_ = false;
};

}  // namespace tacet
