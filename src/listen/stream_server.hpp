#pragma once
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <memory>

#include "base/descriptor.hpp"
#include "base/loop.hpp"
#include "listen/lingering_sockets.hpp"
#include "listen/proxy_greeting.hpp"
#include "listen/stream_client.hpp"
#include "observe/log_gates.hpp"

namespace tacet {

/// The protocol of a StreamServer, and its rule for clients.
class StreamService {
public:
  virtual ~StreamService() = default;
  /// Whether this client may connect.
  virtual bool admits(const KernelAddress& client) = 0;
  /// Whether this peer is a front end that begins each connection with a PROXY header.
  virtual bool is_front_end(const KernelAddress& peer) {
    static_cast<void>(peer);
    return false;
  }
  /// Makes the stream of an accepted connection.
  virtual std::unique_ptr<ByteStream> stream_of(Descriptor socket) {
    return std::make_unique<SocketStream>(std::move(socket));
  }
  /// Makes the session of a client; it lives as long as the client. Never null.
  virtual std::unique_ptr<StreamSession> open(StreamClient& client) = 0;
};

/// What a stream server works with. `loop`, `socket` and `service` must outlive it.
struct StreamServerContext {
  Loop& loop;
  int socket;  ///< listens, and does not block
  StreamService& service;
  StreamLimits limits;
  std::size_t most_clients;
  std::shared_ptr<LogGates> gates = nullptr;  ///< null: the log hears nothing of PROXY headers
};

/// Accepts the clients of a listening socket, and serves all of them on one loop: a slow, silent or endless client
/// holds up nobody. Beyond the limit, a new client replaces the longest idle one. If none is idle, new clients wait in
/// the backlog, two seconds at most behind clients at work. If they wait for longer than that, then behind those that
/// ask or make their handshakes for a second, and behind those that say nothing for a tenth of a second. Without
/// descriptors or memory, one client goes at once, because all listeners need what it gives back. Handshakes cost much,
/// so each turn of the loop makes one step of one of them, and other events have their turns between.
class StreamServer final : private StreamClient::Owner {
public:
  /// std::bad_alloc.
  explicit StreamServer(const StreamServerContext& context);
  ~StreamServer() override;

  /// Serves at most so many clients from now on. If there are too many, it closes those first that wait for no answer.
  /// The others may ask nothing more, and get their answers.
  void set_most_clients(std::size_t most);
  /// Takes no more requests from clients for which `is_done` is true. They get their answers.
  void finish_if(const std::function<bool(const StreamClient&)>& is_done);
  /// Accepts no more clients, and finishes all.
  void stop();
  /// Behind stop(): clients that wait for their answers, or have not read them.
  bool has_clients() const { return !clients_.empty(); }

private:
  void on_heard(StreamClient& client) override;
  void on_greeting(StreamClient& client) override;
  void on_proxy_header(const StreamClient& client) override;
  void on_closed(StreamClient& client, Descriptor socket) override;
  void greet_next();
  void on_acceptable();
  void greet(Descriptor socket, const KernelAddress& front_end);
  void serve(Descriptor socket, const KernelAddress& address);
  bool is_full() const { return clients_.size() >= context_.most_clients; }
  void make_room();
  bool gives_way(const StreamClient& client, Instant now) const;
  StreamClient* longest_idle() const;
  void note_crowd();
  void accept_later(Duration pause);

  StreamServerContext context_;
  LingeringSockets lingering_;
  StreamClient::List clients_;  // the longest idle first
  std::list<std::unique_ptr<ProxyGreeting>> greetings_;
  std::deque<std::shared_ptr<StreamClient>> greeted_;  // they wait for a step of their handshakes
  AsyncCall greet_next_;
  Instant crowded_since_{}, crowded_until_{};  // newcomers wait
  bool stopping_ = false;
  Watch watch_;
  Alarm accept_again_;
};

}  // namespace tacet
