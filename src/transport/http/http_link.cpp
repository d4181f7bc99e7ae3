#include "transport/http/http_link.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <utility>

#include "base/log.hpp"
#include "base/memory.hpp"
#include "base/shield.hpp"
#include "transport/dial/peer.hpp"
#include "transport/dial/socket.hpp"

namespace tacet {

namespace {

/// Beyond about this many, libcurl spends more time on its lists than on the wire.
constexpr std::size_t at_once = 100;

/// How often to look for transfers that were there the last time already. Far beyond any deadline of a query: it only
/// frees the place of an answer that will never come. Deadlines are the owner's, and libcurl's own would cost every
/// transfer two changes to a tree of times.
constexpr auto sweep_every = std::chrono::seconds(15);

/// Who sends so many octets that are no part of any answer floods. Much more than any server's fields and frames about
/// the answers of a turn.
constexpr std::uint64_t most_beside_answers = 256U << 10;

/// Room for the longest answer and the fields before it. What does not fit libcurl 7.88 sets aside, and may
/// never look at again: the answer is complete, and nobody hears of it. Of the room only what is used costs memory.
constexpr long room_for_answer = 65535 + 16385;

/// Each transfer that posts has a buffer for that of 64 KiB unless told; this is the least that libcurl takes, and more
/// than any query has.
constexpr long room_for_query = 16384;

/// So many transfers' memory is worth a call.
constexpr std::size_t worth_giving_back = 16;

/// When to look whether a server that spoke on an idle connection has closed it since: soon for some time, then for as
/// long as the owner keeps the connection, so that none of them lingers half closed.
constexpr auto idle_look_after = std::chrono::milliseconds(250), late_look_after = std::chrono::milliseconds(2000);
constexpr int early_looks = 8;

}  // namespace

HttpLink::State::State(Loop& loop, ConnectedSocket socket, HttpTarget target, const DohShared& shared, Owner& owner)
    : loop_(loop),
      target_(std::move(target)),
      buffer_(socket.get()),
      handshake_(shared.tls, target_.address, buffer_),
      method_state_(shared.method_state),
      path_of_get_(target_.path_of_get()),
      owner_(owner),
      facts_(std::make_shared<ConnectionFacts>()),
      multi_(curl_multi_init()),
      url_(curl_url()),
      get_headers_(curl_slist_append(nullptr, "Accept: application/dns-message")),
      post_headers_(curl_slist_append(nullptr, "Accept: application/dns-message")),
      addresses_(target_.host_is_address ? nullptr : curl_slist_append(nullptr, target_.resolution().c_str())),
      act_(loop, [this] { guarded([this] { act_at_once(); }); }) {
  if (!multi_ || !url_ || !get_headers_ || !post_headers_ || (!addresses_ && !target_.host_is_address) ||
      curl_slist_append(post_headers_.get(), "Content-Type: application/dns-message") == nullptr)
    throw std::bad_alloc();
  if (curl_url_set(url_.get(), CURLUPART_URL, target_.origin.c_str(), 0) == CURLUE_OUT_OF_MEMORY)
    throw std::bad_alloc();
  socket_.emplace(std::move(socket));
  facts_->transport = Transport::doh;
  facts_->address = to_string(target_.address);
  alarm_.emplace(loop_.scheduler(), [this] { guarded([this] { act(CURL_SOCKET_TIMEOUT, 0); }); });
  idle_alarm_.emplace(loop_.scheduler(), [this] { guarded([this] { look_at_idle(); }); });
  sweep_alarm_.emplace(loop_.scheduler(), [this] { guarded([this] { sweep(); }); });
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &State::on_socket);
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &State::on_timer);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, long{CURLPIPE_MULTIPLEX});
  // A server that takes fewer streams makes libcurl queue the rest instead of asking for a second connection.
  curl_multi_setopt(multi_.get(), CURLMOPT_MAX_HOST_CONNECTIONS, 1L);
}

HttpLink::State::~State() { retire(); }

void HttpLink::State::retire() {
  if (std::exchange(dead_, true)) return;
  const bool was_large = transfers_.size() >= worth_giving_back;
  // Closes libcurl's socket by way of on_close, so it comes while everything that on_close needs is still there.
  multi_.reset();
  transfers_.clear();
  watches_.clear();
  alarm_.reset();
  idle_alarm_.reset();
  sweep_alarm_.reset();
  waiting_.clear();
  socket_.reset();
  if (was_large) give_back_memory();
}

Duration HttpLink::State::unacknowledged() const {
  return socket_ ? unacknowledged_for(socket_->get()) : Duration::zero();
}

/// The owner is told nothing from inside: what fails here is told at the end of the turn.
void HttpLink::State::ask(Tag tag, std::vector<std::uint8_t> query) {
  waiting_.push_back({.tag = tag, .query = std::move(query)});
  const bool filled = shielded(false, [this] { return fill(), true; });
  if (filled) return;
  over_ = Error{Fault::overloaded, "out of memory"};
  act_.post();
}

/// Every event passes here. One for which there is no memory is the end of the link, for nothing tells what libcurl and
/// we have still done of it; the owner asks again by another.
template <class Work>
void HttpLink::State::guarded(Work&& work) noexcept {
  const auto kept = shared_from_this();
  if (dead_ || shielded(false, [&] { return work(), true; }) || dead_) return;
  retire();
  shielded(false, [this] { return owner_.on_closed({Fault::overloaded, "out of memory"}), true; });
}

/// Until the handshake is over only one transfer is inside libcurl, so none waits there for a connection to come up:
/// waiting (CURLOPT_PIPEWAIT) is where libcurl 8.13 to 8.15 get stuck when the first transfer fails.
void HttpLink::State::fill() {
  const std::size_t limit = established_ ? at_once : 1;
  while (!dead_ && !waiting_.empty() && transfers_.size() - free_.size() < limit) {
    start(std::move(waiting_.front()));
    waiting_.pop_front();
  }
}

HttpForm HttpLink::State::form_for(const DohRequest& request) const {
  const DohMethod method = request.was_refused ? other_than(request.method) : method_state_.method;
  if (method == DohMethod::post) return {method, target_.path, post_headers_.get()};
  return {method, path_of_get_, get_headers_.get()};
}

void HttpLink::State::start(DohRequest request) {
  if (free_.empty()) {
    free_.reserve(transfers_.size() + 1);  // room for all of them to be free
    transfers_.push_back(make_transfer());
    free_.push_back(transfers_.back().get());
  }
  HttpTransfer& transfer = *free_.back();
  const HttpForm form = form_for(request);
  transfer.load(std::move(request), form);
  if (curl_multi_add_handle(multi_.get(), transfer.easy()) != CURLM_OK) {
    transfer.unload();
    throw std::bad_alloc();
  }
  free_.pop_back();
  spare_ = std::min(spare_, free_.size());
  idle_looks_ = 0;
  idle_alarm_->disarm();
  if (!sweep_alarm_->armed()) sweep_alarm_->arm(loop_.now() + sweep_every);
}

std::unique_ptr<HttpTransfer> HttpLink::State::make_transfer() {
  auto transfer = std::make_unique<HttpTransfer>();
  CURL* easy = transfer->easy();
  set_option(easy, CURLOPT_CURLU, url_.get());
  set_option(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_2TLS});
  set_option(easy, CURLOPT_PROTOCOLS_STR, "https");
  set_option(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set_option(easy, CURLOPT_NOSIGNAL, 1L);
  set_option(easy, CURLOPT_MAXAGE_CONN, 86400L);  // how long it may idle is the owner's business
  set_option(easy, CURLOPT_BUFFERSIZE, room_for_answer);
  set_option(easy, CURLOPT_UPLOAD_BUFFERSIZE, room_for_query);
  set_trust(easy);
  set_socket(easy);
  return transfer;
}

void HttpLink::State::set_trust(CURL* easy) {
  set_option(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  // The name is OpenSSL's to check, by the rules that hold for DoT: libcurl's would believe the subject's as well.
  set_option(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  set_option(easy, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  // The store and the sessions are those of the tls room: libcurl would parse a bundle per connection, and forgets
  // sessions with the connection that they came from.
  set_option(easy, CURLOPT_CAINFO, nullptr);
  set_option(easy, CURLOPT_CAPATH, nullptr);
  set_option(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  set_option(easy, CURLOPT_SSL_CTX_FUNCTION, &State::on_tls_context);
  set_option(easy, CURLOPT_SSL_CTX_DATA, static_cast<void*>(this));
}

void HttpLink::State::set_socket(CURL* easy) {
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

// What libcurl calls.

int HttpLink::State::on_socket(CURL*, curl_socket_t descriptor, int what, void* self, void*) {
  return shielded(-1, [=] { return static_cast<State*>(self)->watch(descriptor, what), 0; });
}

int HttpLink::State::on_timer(CURLM*, long milliseconds, void* self) {
  auto& state = *static_cast<State*>(self);
  if (state.dead_) return 0;
  state.alarm_->disarm();
  if (milliseconds > 0) state.alarm_->arm(state.loop_.now() + std::chrono::milliseconds(milliseconds));
  state.act_due_ = milliseconds == 0;
  if (state.act_due_) state.act_.post();  // as nearly every timer is: a turn costs half of what a timer does
  return 0;
}

curl_socket_t HttpLink::State::on_open(void* self, curlsocktype, curl_sockaddr*) {
  auto& state = *static_cast<State*>(self);
  if (state.dead_ || state.descriptor_ != CURL_SOCKET_BAD) {
    state.lost_ = true;
    return CURL_SOCKET_BAD;
  }
  state.descriptor_ = ::fcntl(state.socket_->get(), F_DUPFD_CLOEXEC, 0);
  if (state.descriptor_ < 0) state.descriptor_ = CURL_SOCKET_BAD;
  return state.descriptor_;
}

int HttpLink::State::on_close(void* self, curl_socket_t descriptor) {
  auto& state = *static_cast<State*>(self);
  state.lost_ = true;
  state.unwatch(descriptor);
  shielded(false, [&state] { return state.buffer_.flush().has_value(); });  // the goodbye
  return ::close(descriptor);
}

int HttpLink::State::on_ready_to_send(void* self, char*, char*, int, int) {
  auto& state = *static_cast<State*>(self);
  if (state.established_) return CURL_PREREQFUNC_OK;
  return shielded(CURL_PREREQFUNC_ABORT,
                  [&state] { return state.meet_session() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT; });
}

/// False if nothing may be sent to this server.
bool HttpLink::State::meet_session() {
  if (Result<void> proved = handshake_.finish(*facts_); !proved) {
    over_ = std::move(proved.error());
    return false;
  }
  established_ = newly_established_ = received_ = true;
  return true;
}

CURLcode HttpLink::State::on_tls_context(CURL*, void* context, void* self) {
  return shielded(CURLE_OUT_OF_MEMORY, [=] {
    return static_cast<State*>(self)->handshake_.prepare(context) ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
  });
}

// What the loop calls.

/// The watch on the connection stays when libcurl lets go of it at the end of a lull, for then we watch it ourselves:
/// libcurl would notice a server's close only by the next request.
void HttpLink::State::watch(curl_socket_t descriptor, int what) {
  if (what == CURL_POLL_REMOVE && (dead_ || descriptor != descriptor_)) return unwatch(descriptor);
  auto& watch = watches_[descriptor];
  if (!watch)
    watch = std::make_unique<Watch>(
        loop_, descriptor, [this, descriptor](Watch::Ready is) { guarded([=, this] { ready(descriptor, is); }); });
  const bool removed = what == CURL_POLL_REMOVE;
  if (descriptor == descriptor_) watched_by_curl_ = !removed;
  curl_writes_ = !removed && (what & CURL_POLL_OUT) != 0;
  watch->want_read(removed || (what & CURL_POLL_IN) != 0);
  watch->want_write(curl_writes_ || buffer_.waits());
}

void HttpLink::State::unwatch(curl_socket_t descriptor) { watches_.erase(descriptor); }

void HttpLink::State::ready(curl_socket_t descriptor, Watch::Ready ready) {
  if (ready == Watch::Ready::write) {
    flush();
    return curl_writes_ ? act(descriptor, CURL_CSELECT_OUT) : settle();
  }
  if (descriptor == descriptor_ && !watched_by_curl_) return look_at_idle();
  received_ = received_ || descriptor == descriptor_;
  // libcurl sends a request's body only if it is told that it may; else the body leaves a turn behind the fields, and
  // an answer that comes between is lost to libcurl 7.88.
  act(descriptor, CURL_CSELECT_IN | CURL_CSELECT_OUT);
}

/// The server did something on a connection without requests. A close, or a goodbye, ends the link here and now, so
/// that no query pays for it. What it says instead (PING, SETTINGS) stays unread until libcurl's next request, and may
/// be followed by a close.
void HttpLink::State::look_at_idle() {
  const auto watch = watches_.find(descriptor_);
  if (watch == watches_.end()) return;
  if (free_.size() == transfers_.size() && has_left()) return close(loss("closed by the server while idle"));
  watch->second->want_read(false);
  idle_alarm_->arm(loop_.now() + (idle_looks_++ < early_looks ? idle_look_after : late_look_after));
}

/// Looks where libcurl does not until it has something to ask.
bool HttpLink::State::has_left() {
  if (peer_state(socket_->get()) != PeerState::there) return true;
  buffer_.begin_turn();
  return buffer_.look_for_goodbye();
}

void HttpLink::State::act(curl_socket_t descriptor, int what) {
  int running = 0;
  buffer_.begin_turn();
  const CURLMcode code = curl_multi_socket_action(multi_.get(), descriptor, what, &running);
  if (code != CURLM_OK && !over_) over_ = Error{Fault::overloaded, curl_multi_strerror(code)};
  flush();
  settle();
}

void HttpLink::State::act_at_once() {
  act_due_ = false;
  act(CURL_SOCKET_TIMEOUT, 0);
}

/// What libcurl wrote leaves, or waits for the socket.
void HttpLink::State::flush() {
  if (!buffer_.waits()) return;
  const auto sent = buffer_.flush();
  if (!sent) over_ = handshake_.is_under_way() ? handshake_.failure(true) : loss(sent.error().detail);
  if (const auto watch = watches_.find(descriptor_); watch != watches_.end())
    watch->second->want_write(curl_writes_ || buffer_.waits());
}

/// Ends what has been under way since the last look. While the connection comes up its one transfer is the connection.
void HttpLink::State::sweep() {
  for (const auto& transfer : transfers_) {
    if (!transfer->outlived_look()) continue;
    if (!established_) {
      over_ = Error{Fault::timeout, "no TLS connection in time"};
      break;
    }
    curl_multi_remove_handle(multi_.get(), transfer->easy());
    endings_.push_back({transfer->tag(), fail(Fault::timeout, "no answer in time")});
    release(*transfer);
  }
  shrink();
  if (free_.size() < transfers_.size()) sweep_alarm_->arm(loop_.now() + sweep_every);
  flush();  // libcurl has told the server
  settle();
}

/// Frees what was of no use since the last look: with what libcurl keeps for it a transfer takes some 25 KB, and a
/// burst must not be paid for as long as the connection lives.
void HttpLink::State::shrink() {
  const auto ends = free_.begin() + static_cast<std::ptrdiff_t>(spare_);  // the last to be used again are in front
  std::erase_if(transfers_, [&](const auto& each) { return std::find(free_.begin(), ends, each.get()) != ends; });
  free_.erase(free_.begin(), ends);
  if (spare_ >= worth_giving_back) give_back_memory();
  spare_ = free_.size();
}

// What follows each action.

void HttpLink::State::settle() {
  collect();
  look_for_flood();
  if (lost_ && !over_) over_ = loss("connection lost");
  // libcurl may have read an answer, and the goodbye behind it, and have put off the rest to the next call.
  if (leaving() && !act_due_ && !over_) over_ = loss("closed by the server");
  tell();
  if (dead_) return;
  fill();
}

/// The server has begun to close the connection. What it has not answered by now it will not answer.
bool HttpLink::State::leaving() const { return buffer_.said_goodbye(); }

/// Ends a connection on which much comes and nothing of it is an answer.
void HttpLink::State::look_for_flood() {
  if (!endings_.empty()) quiet_since_ = buffer_.taken();
  if (buffer_.taken() - quiet_since_ <= most_beside_answers) return;
  quiet_since_ = buffer_.taken();
  std::uint64_t octets = 0;
  for (const auto& transfer : transfers_) octets += transfer->body_octets();
  if (std::exchange(body_octets_, octets) == octets && !over_)
    over_ = Error{Fault::protocol, "the server floods the connection with what is no answer"};
}

void HttpLink::State::collect() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;  // the message dies with the next call
    char* carried = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &carried);
    auto& transfer = *reinterpret_cast<HttpTransfer*>(carried);
    judge(transfer, code);
    curl_multi_remove_handle(multi_.get(), transfer.easy());
    release(transfer);
  }
}

void HttpLink::State::release(HttpTransfer& transfer) {
  transfer.unload();
  free_.push_back(&transfer);
}

/// Sorts the ends of transfers: an answer, a failure of this one request, or the end of the connection.
void HttpLink::State::judge(HttpTransfer& transfer, CURLcode code) {
  if (over_ && code != CURLE_OK) return;
  if (handshake_.is_under_way() && code != CURLE_OUT_OF_MEMORY) {
    over_ = handshake_.failure(peer_state(socket_->get()) == PeerState::reset);
    return;
  }
  switch (code) {
    case CURLE_OK:
      received_ = true;  // libcurl also reads without waiting for the socket
      if (transfer.is_http2()) {
        take_response(transfer);
      } else {
        over_ = Error{Fault::protocol, "the server does not speak HTTP/2"};
      }
      return;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_ABORTED_BY_CALLBACK:  // by our own, which had none either
      over_ = Error{Fault::overloaded, "out of memory"};
      return;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      over_ = Error{Fault::tls_untrusted, transfer.words(code)};
      return;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_HTTP2:
      if (established_ && leaving()) return;  // newer releases' word for it; settle() tells
      over_ = peer_state(socket_->get()) == PeerState::there ? Error{Fault::protocol, transfer.words(code)}
                                                             : loss(transfer.words(code));
      return;
    case CURLE_COULDNT_CONNECT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      over_ = loss(transfer.words(code));
      return;
    default:
      break;
  }
  if (!established_ || peer_state(socket_->get()) != PeerState::there) {
    over_ = loss(transfer.words(code));
  } else {
    const Fault fault = code == CURLE_OPERATION_TIMEDOUT ? Fault::timeout : Fault::protocol;
    endings_.push_back({transfer.tag(), fail(fault, transfer.words(code))});
  }
}

/// A query whose method was refused is asked by the other one. If that brings an answer, so are all others.
void HttpLink::State::take_response(HttpTransfer& transfer) {
  const DohMethod method = transfer.request().method;
  if (!transfer.request().was_refused && refuses(method, transfer.status())) {
    waiting_.push_front(transfer.take_request());
    waiting_.front().was_refused = true;
    return;
  }
  Result<DohBody> body = transfer.take_body();
  if (body && transfer.request().was_refused && method_state_.method != method) adopt(method);
  endings_.push_back({transfer.tag(), std::move(body)});
}

void HttpLink::State::adopt(DohMethod method) {
  method_state_.method = method;
  if (!method_state_.changes.pass(loop_.now())) return;
  if (method == DohMethod::post)
    return log::info("{} ({}) refuses GET and is asked by POST", target_.host, facts_->address);
  log::info("{} ({}) refuses POST and is asked by GET: the size of a query varies with the letters of its name",
            target_.host, facts_->address);
}

void HttpLink::State::tell() {
  auto endings = std::exchange(endings_, {});
  if (std::exchange(newly_established_, false)) owner_.on_established();
  if (std::exchange(received_, false) && !dead_ && !over_) owner_.on_received();
  for (auto& ending : endings) {
    if (dead_) return;
    if (ending.body || !(over_ || leaving())) owner_.on_body(ending.tag, std::move(ending.body));
  }
  if (over_ && !dead_) close(*std::exchange(over_, std::nullopt));
}

void HttpLink::State::close(Error why) {
  if (!why.detail.contains(facts_->address))
    why.detail = fmt::format("{} ({}): {}", target_.host, facts_->address, why.detail);
  retire();
  owner_.on_closed(std::move(why));
}

/// A connection that ended: by the server's orderly close, as happens to every connection some day, or not so.
Error HttpLink::State::loss(std::string words) const {
  const bool orderly = established_ && peer_state(socket_->get()) != PeerState::reset;
  return Error{orderly ? Fault::cancelled : Fault::unreachable, std::move(words)};
}

}  // namespace tacet
