#pragma once
#include <curl/curl.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transport/http/http.hpp"
#include "transport/http/http_transfer.hpp"
#include "transport/tls/tls_buffer.hpp"

namespace tacet {

/// What lies behind an HttpLink: a multi handle, the one connection in it, and requests that wait for either.
///
/// libcurl's callbacks only take notes. Everything that the owner is told, it is told in settle(), with no call into
/// libcurl on the stack; so the owner may destroy the link there, and retire() may take libcurl's things apart at once.
/// Shared only with work posted to the loop, and with the function that is running while the owner destroys the link.
class HttpLink::State : public std::enable_shared_from_this<State> {
public:
  State(Loop& loop, ConnectedSocket socket, HttpTarget target, const DohShared& shared, Owner& owner);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void ask(Tag tag, std::vector<std::uint8_t> query);
  /// Takes everything down that touches the loop, the owner or the socket. Nothing is told any more.
  void retire();
  const std::shared_ptr<ConnectionFacts>& facts() const { return facts_; }
  Duration unacknowledged() const;

private:
  /// How the request that a transfer carried has ended.
  struct Ending {
    Tag tag;
    Result<DohBody> body;
  };

  static int on_socket(CURL*, curl_socket_t descriptor, int what, void* self, void*);
  static int on_timer(CURLM*, long milliseconds, void* self);
  static curl_socket_t on_open(void* self, curlsocktype, curl_sockaddr*);
  static int on_close(void* self, curl_socket_t descriptor);
  bool meet_session();
  static int on_ready_to_send(void* self, char*, char*, int, int);
  static CURLcode on_tls_context(CURL*, void* context, void* self);

  std::unique_ptr<HttpTransfer> make_transfer();
  void set_trust(CURL* easy);
  void set_socket(CURL* easy);
  template <class Work>
  void guarded(Work&& work) noexcept;
  void fill();
  HttpForm form_for(const DohRequest& request) const;
  void start(DohRequest request);

  void watch(curl_socket_t descriptor, int what);
  void unwatch(curl_socket_t descriptor);
  void ready(curl_socket_t descriptor, Watch::Ready ready);
  void look_at_idle();
  bool has_left();
  void sweep();
  void shrink();
  void act(curl_socket_t descriptor, int what);
  void act_at_once();
  void flush();
  void settle();
  void collect();
  void release(HttpTransfer& transfer);
  bool leaving() const;
  void look_for_flood();
  void judge(HttpTransfer& transfer, CURLcode code);
  void take_response(HttpTransfer& transfer);
  void adopt(DohMethod method);
  void tell();
  void close(Error why);
  Error loss(std::string words) const;

  Loop& loop_;
  std::optional<ConnectedSocket> socket_;  // ours; libcurl has a duplicate, so that it may close as it likes
  HttpTarget target_;
  TlsBuffer buffer_;            // between libcurl's TLS and the socket
  ForeignHandshake handshake_;  // before libcurl's handles, which refer to it
  DohMethodState& method_state_;
  std::string path_of_get_;
  Owner& owner_;
  std::shared_ptr<ConnectionFacts> facts_;

  template <auto End>
  struct Ended {
    template <class Handle>
    void operator()(Handle* handle) const {
      End(handle);
    }
  };
  using List = std::unique_ptr<curl_slist, Ended<curl_slist_free_all>>;
  std::unique_ptr<CURLM, Ended<curl_multi_cleanup>> multi_;
  std::unique_ptr<CURLU, Ended<curl_url_cleanup>> url_;
  List get_headers_, post_headers_, addresses_;
  std::vector<std::unique_ptr<HttpTransfer>> transfers_;
  std::vector<HttpTransfer*> free_;
  std::size_t spare_ = 0;  // of those, how many were never needed since the last sweep
  std::deque<DohRequest> waiting_;

  std::map<curl_socket_t, std::unique_ptr<Watch>> watches_;
  std::optional<Alarm> alarm_;        // libcurl's timer
  std::optional<Alarm> idle_alarm_;   // looks again at an idle connection on which octets lie unread
  std::optional<Alarm> sweep_alarm_;  // looks for transfers without an end
  AsyncCall act_;                     // libcurl's timer of no time at all
  int idle_looks_ = 0;

  curl_socket_t descriptor_ = CURL_SOCKET_BAD;  // libcurl's duplicate, once opened
  bool watched_by_curl_ = false;
  bool act_due_ = false;      // libcurl is to be called again at once
  bool curl_writes_ = false;  // libcurl waits until the socket can be written
  bool established_ = false;  // the handshake is over
  bool lost_ = false;         // libcurl has closed its socket, or wants another
  bool dead_ = false;         // retired

  std::uint64_t quiet_since_ = 0;  // octets taken when an answer last ended, or was seen to come
  std::uint64_t body_octets_ = 0;  // of all transfers when last looked at

  // Notes for settle().
  bool newly_established_ = false;
  bool received_ = false;
  std::vector<Ending> endings_;
  std::optional<Error> over_;
};

}  // namespace tacet
