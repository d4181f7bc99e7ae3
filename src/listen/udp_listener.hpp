#pragma once
#include <array>
#include <string>
#include <vector>

#include "listen/datagrams.hpp"
#include "listen/listener_context.hpp"
#include "listen/proxy_header.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// Serves one UDP socket. It reads a burst, answers at once what policy and cache know, and sends these replies
/// together. Coroutines answer the rest; the replies of one turn leave together at its end. It reads one burst a turn,
/// so that a flood of datagrams starves nothing else.
class UdpListener {
public:
  /// Takes queries from `socket`, and replies by `replies`, which may be the same. Both must outlive the listener.
  UdpListener(const ListenerContext& context, int socket, int replies);
  ~UdpListener() { send_late(); }
  UdpListener(const UdpListener&) = delete;
  UdpListener& operator=(const UdpListener&) = delete;

  /// Takes no further queries; those that wait for an answer still get it.
  void stop() { watch_.want_read(false); }

private:
  /// A query of the burst to answer.
  struct Asked {
    std::size_t at;  // index in the burst
    MessageIndex index;
    CacheKey key;
  };
  void on_readable();
  bool read_header(std::size_t i);
  Bytes message(std::size_t i) const { return burst_.datagram(i).subspan(headers_[i].size); }
  const sockaddr_storage& address(std::size_t i) const;
  ClientView client(std::size_t i) const;
  void admit(std::size_t i, Instant now);
  bool serve_or_say_why_not(const Asked& asked, Instant now);
  bool serve(const Asked& asked, Instant now);
  void turn_away(std::size_t i, const MessageIndex& index, Admission::Verdict verdict);
  std::size_t with_nsid(const QueryView& query, std::span<std::uint8_t> room, std::size_t size) const;
  void reply(std::size_t i, std::size_t size);
  Task<void> answer_later(Miss miss, Peer peer, Admission::Place place);
  void reply_late(const Peer& peer, Reply reply);
  void send_late();

  ListenerContext context_;
  int socket_, replies_;
  Datagrams burst_;
  std::array<ProxyHeader, Datagrams::most> headers_;  // of the burst; of size 0 unless a front end sent it
  std::vector<Asked> asked_;
  std::vector<Datagram> late_;  // replies of this turn to earlier queries
  AsyncCall end_of_turn_;       // send_late()
  Watch watch_;
};

}  // namespace tacet
