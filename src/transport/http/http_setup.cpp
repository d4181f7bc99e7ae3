#include <new>

#include "base/shield.hpp"
#include "transport/http/http_connection.hpp"

/// The settings of libcurl for a DoH connection, and its callbacks.
namespace tacet {

namespace {

/// HandlerMemory for the longest answer and the fields before it. libcurl 7.88 sets aside what does not fit and may
/// never look at it again: the answer is then complete but never told. Only the used part of the buffer costs memory.
constexpr long room_for_answer = 65535 + 16385;

/// The upload buffer of a transfer. libcurl's default is 64 KiB; this is its minimum, and larger than any query.
constexpr long room_for_query = 16384;

}  // namespace

void DohConnection::State::set_up() {
  if (!multi_ || !url_ || !get_headers_ || !post_headers_ || (!addresses_ && !target_.host_is_address) ||
      curl_slist_append(post_headers_.get(), "Content-Type: application/dns-message") == nullptr)
    throw std::bad_alloc();
  if (curl_url_set(url_.get(), CURLUPART_URL, target_.origin.c_str(), 0) == CURLUE_OUT_OF_MEMORY)
    throw std::bad_alloc();
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &State::on_socket);
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &State::on_timer);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, long{CURLPIPE_MULTIPLEX});
  // A server that takes fewer streams makes libcurl queue the rest instead of asking for a second connection.
  curl_multi_setopt(multi_.get(), CURLMOPT_MAX_HOST_CONNECTIONS, 1L);
}

std::unique_ptr<HttpTransfer> DohConnection::State::make_transfer() {
  auto transfer = std::make_unique<HttpTransfer>();
  CURL* easy = transfer->easy();
  set_option(easy, CURLOPT_CURLU, url_.get());
  set_option(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_2TLS});
  set_option(easy, CURLOPT_PROTOCOLS_STR, "https");
  set_option(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set_option(easy, CURLOPT_NOSIGNAL, 1L);
  set_option(easy, CURLOPT_MAXAGE_CONN, 86400L);  // the owner limits the idle time
  set_option(easy, CURLOPT_BUFFERSIZE, room_for_answer);
  set_option(easy, CURLOPT_UPLOAD_BUFFERSIZE, room_for_query);
  set_trust(easy);
  set_socket(easy);
  return transfer;
}

void DohConnection::State::set_trust(CURL* easy) {
  set_option(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  // OpenSSL checks the name, by the same rules as for DoT. libcurl would also accept a name in the subject.
  set_option(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  set_option(easy, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  // The store and the sessions come from the tls folder: libcurl would parse a bundle per connection, and would forget
  // sessions with their connection.
  set_option(easy, CURLOPT_CAINFO, nullptr);
  set_option(easy, CURLOPT_CAPATH, nullptr);
  set_option(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  set_option(easy, CURLOPT_SSL_CTX_FUNCTION, &State::on_tls_context);
  set_option(easy, CURLOPT_SSL_CTX_DATA, static_cast<void*>(this));
}

void DohConnection::State::set_socket(CURL* easy) {
  set_option(easy, CURLOPT_RESOLVE, addresses_.get());
  set_option(easy, CURLOPT_PROXY, "");  // whatever the environment says
  set_option(easy, CURLOPT_NOPROXY, "*");
  set_option(easy, CURLOPT_OPENSOCKETFUNCTION, &State::on_open);
  set_option(easy, CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  set_option(easy, CURLOPT_CLOSESOCKETFUNCTION, &State::on_close);
  set_option(easy, CURLOPT_CLOSESOCKETDATA, static_cast<void*>(this));
  set_option(
      easy, CURLOPT_SOCKOPTFUNCTION,
      +[](void*, curl_socket_t, curlsocktype) -> int { return CURL_SOCKOPT_ALREADY_CONNECTED; });
  set_option(easy, CURLOPT_PREREQFUNCTION, &State::on_ready_to_send);
  set_option(easy, CURLOPT_PREREQDATA, static_cast<void*>(this));
}

/// A foreign descriptor would mean that libcurl looks up a name itself, which it must never do.
int DohConnection::State::on_socket(CURL*, curl_socket_t descriptor, int wish, void* self, void*) {
  auto& state = *static_cast<State*>(self);
  if (descriptor != state.socket_->duplicate()) return wish == CURL_POLL_REMOVE ? 0 : -1;
  return shielded(-1, [&] { return state.socket_->follow(wish), 0; });
}

int DohConnection::State::on_timer(CURLM*, long milliseconds, void* self) {
  auto& state = *static_cast<State*>(self);
  if (state.stage_ == Stage::closed) return 0;
  state.alarm_.disarm();
  if (milliseconds > 0) state.alarm_.arm(state.loop_.now() + std::chrono::milliseconds(milliseconds));
  state.call_due_ = milliseconds == 0;
  if (state.call_due_) state.call_.post();  // nearly every timer: a turn costs half as much as a timer
  return 0;
}

curl_socket_t DohConnection::State::on_open(void* self, curlsocktype, curl_sockaddr*) {
  return static_cast<State*>(self)->socket_->open();
}

int DohConnection::State::on_close(void* self, curl_socket_t descriptor) {
  return static_cast<State*>(self)->socket_->close(descriptor);
}

int DohConnection::State::on_ready_to_send(void* self, char*, char*, int, int) {
  auto& state = *static_cast<State*>(self);
  const bool is_proved = state.stage_ == Stage::open ||
                         shielded(false, [&state] { return state.establish(), state.stage_ == Stage::open; });
  return is_proved ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

CURLcode DohConnection::State::on_tls_context(CURL*, void* context, void* self) {
  return shielded(CURLE_OUT_OF_MEMORY, [=] {
    return static_cast<State*>(self)->handshake_.prepare(context) ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
  });
}

}  // namespace tacet
