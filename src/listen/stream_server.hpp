#pragma once
#include <cstddef>
#include <functional>
#include <memory>

#include "base/descriptor.hpp"
#include "base/loop.hpp"
#include "listen/stream_client.hpp"

namespace tacet {

/// What a StreamServer serves, and to whom.
class StreamService {
public:
  virtual ~StreamService() = default;
  /// Whether this client may connect.
  virtual bool admits(const KernelAddress& client) = 0;
  /// What carries the octets of a connection that was accepted.
  virtual std::unique_ptr<ByteStream> stream_of(Descriptor socket) {
    return std::make_unique<SocketStream>(std::move(socket));
  }
  /// What is spoken with a client; it lives as long as the client. Never null.
  virtual std::unique_ptr<StreamSession> open(StreamClient& client) = 0;
};

/// Accepts the clients of a listening socket, and serves all of them on one loop: a client that is slow, silent or
/// endless holds up nobody. One more than the limit takes the place of the longest idle: of one that waits for nothing,
/// if there is one. Without descriptors or memory, newcomers wait.
class StreamServer final : private StreamClient::Owner {
public:
  struct Parts {
    Loop& loop;
    int socket;  ///< listens, and does not block
    StreamService& service;
    StreamLimits limits;
    std::size_t most_clients;
  };
  /// `loop`, `socket` and `service` must outlive it. std::bad_alloc.
  explicit StreamServer(const Parts& parts);
  ~StreamServer() override;

  /// Serves at most so many clients from now on. If there are too many, those that wait for nothing go first; others
  /// may ask nothing more, and get the answers that they wait for.
  void set_most_clients(std::size_t most);
  /// Lets the clients for which `is_done` is true ask nothing more. They get the answers that they wait for.
  void finish_if(const std::function<bool(const StreamClient&)>& is_done);
  /// Accepts nobody any more, and finishes everybody.
  void stop();

private:
  void on_heard(StreamClient& client) override;
  void on_closed(StreamClient& client) override { clients_.erase(client.place); }
  void on_acceptable();
  bool evict_longest_idle();

  Parts parts_;
  StreamClient::List clients_;  // the longest idle first
  bool stopping_ = false;
  Watch watch_;
  Alarm accept_again_;
};

}  // namespace tacet
