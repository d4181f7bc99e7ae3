#pragma once
#include <curl/curl.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/freed_by.hpp"
#include "transport/http/doh.hpp"
#include "transport/http/http.hpp"
#include "transport/http/http_socket.hpp"
#include "transport/http/http_transfers.hpp"

namespace tacet {

/// The inside of a DohConnection: libcurl's multi handle, the one connection in it, and the requests that wait.
///
/// libcurl's callbacks only take notes. Only settle() calls the owner, with no call into libcurl on the stack; so the
/// owner may destroy the connection there, and retire() may free libcurl's handles at once. Shared with the running
/// function, because the owner may destroy the connection meanwhile.
class DohConnection::State : public std::enable_shared_from_this<State> {
public:
  State(Loop& loop, ConnectedSocket socket, const UpstreamConfig& upstream, const DohShared& shared, Owner& owner);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void send(Tag tag, const Message& query);
  /// Any stage → closed.
  void retire();
  const std::shared_ptr<ConnectionFacts>& facts() const { return facts_; }
  Duration unacknowledged() const;

private:
  /// A later stage may come at once; an earlier one never comes back.
  enum class Stage : std::uint8_t {
    handshaking,  ///< the server has not proved its identity: libcurl has one request, and the others wait
    open,         ///< requests leave
    leaving,      ///< why_ ends the connection: the owner hears what has come, then the end; no request leaves
    closed,       ///< libcurl's handles are gone, and the owner hears nothing more
  };

  /// The news that settle() tells the owner.
  struct News {
    struct Ending {
      Tag tag;
      Result<Message> answer;
    };
    bool is_established = false;
    bool has_received = false;
    std::vector<Ending> endings;  // of requests
  };

  void establish();
  void leave(Error why);
  void close();
  Error loss(std::string words) const;

  static int on_socket(CURL*, curl_socket_t descriptor, int wish, void* self, void*);
  static int on_timer(CURLM*, long milliseconds, void* self);
  static curl_socket_t on_open(void* self, curlsocktype, curl_sockaddr*);
  static int on_close(void* self, curl_socket_t descriptor);
  static int on_ready_to_send(void* self, char*, char*, int, int);
  static CURLcode on_tls_context(CURL*, void* context, void* self);
  void set_up();
  std::unique_ptr<HttpTransfer> make_transfer();
  void set_trust(CURL* easy);
  void set_socket(CURL* easy);

  template <class Work>
  void guarded(Work&& work) noexcept;
  void fill();
  HttpForm form_for(const DohRequest& request) const;
  void start(DohRequest request);

  void ready(Watch::Ready ready);
  void look_at_idle();
  void sweep();
  void act_on_time();
  void act(curl_socket_t descriptor, int what);
  void flush();

  void settle();
  void collect();
  void look_for_flood();
  void judge(HttpTransfer& transfer, CURLcode code);
  void take_response(HttpTransfer& transfer);
  bool goes_out_again(HttpTransfer& transfer);
  void adopt(DohMethod method);
  void tell();

  Loop& loop_;
  HttpTarget target_;
  std::optional<HttpSocket> socket_;  // until closed
  ForeignHandshake handshake_;        // before libcurl's handles, which refer to it
  DohMethodState& method_state_;
  std::string path_of_get_;
  Owner& owner_;
  std::shared_ptr<ConnectionFacts> facts_;

  Stage stage_ = Stage::handshaking;
  Error why_;  // why it leaves
  News news_;

  using List = std::unique_ptr<curl_slist, FreedBy<curl_slist_free_all>>;
  std::unique_ptr<CURLM, FreedBy<curl_multi_cleanup>> multi_;
  std::unique_ptr<CURLU, FreedBy<curl_url_cleanup>> url_;
  List get_headers_, post_headers_, addresses_;
  HttpTransfers transfers_;
  std::deque<DohRequest> waiting_;

  Alarm alarm_;            // libcurl's timer
  AsyncCall call_;         // libcurl's timer of no time at all
  bool call_due_ = false;  // libcurl is to be called again at once
  Alarm idle_alarm_;       // looks again at an idle connection on which octets lie unread
  int idle_looks_ = 0;
  Alarm sweep_alarm_;  // looks for transfers without an end

  std::uint64_t quiet_since_ = 0;  // octets taken when an answer last ended, or was seen to come
  std::uint64_t body_octets_ = 0;  // of all transfers when last looked at
};

}  // namespace tacet
