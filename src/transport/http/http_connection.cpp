#include "transport/http/http_connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "base/log.hpp"
#include "base/memory.hpp"
#include "base/shield.hpp"
#include "dns/wire.hpp"

namespace tacet {

namespace {

/// Beyond about this many, libcurl spends more time on its lists than on the wire.
constexpr std::size_t at_once = 100;

/// How often to end transfers that were already there the last time. This is far beyond any deadline of a query: it
/// only frees the place of an answer that never comes. The owner keeps the deadlines, because libcurl's own would cost
/// every transfer two changes to a tree of times.
constexpr auto sweep_every = std::chrono::seconds(15);

/// A server that sends so many octets outside of any answer floods us. This is much more than the fields and frames
/// that a server sends around the answers of a turn.
constexpr std::uint64_t most_beside_answers = 256U << 10;

/// When to look whether a server that spoke on an idle connection has closed it since. Look soon at first, then less
/// and less often for as long as the owner keeps the connection: no connection lingers half closed for long, and a lull
/// costs hardly any wake-ups.
constexpr auto idle_look_after = std::chrono::milliseconds(250);
constexpr int early_looks = 8, most_doublings = 8;  // to 64 s

constexpr long bad_gateway = 502;

/// The fixed ID makes equal queries equal requests (RFC 8484 §4.1).
std::vector<std::uint8_t> with_id_0(const Message& query) {
  std::vector<std::uint8_t> wire(query.wire().begin(), query.wire().end());
  store16(wire, 0, 0);
  return wire;
}

}  // namespace

DohConnection::State::State(Loop& loop, ConnectedSocket socket, const UpstreamConfig& upstream, const DohShared& shared,
                            Owner& owner)
    : loop_(loop),
      target_(http_target(upstream, socket.address())),
      socket_(std::in_place, loop, std::move(socket), [this](Watch::Ready is) { guarded([this, is] { ready(is); }); }),
      handshake_(shared.tls, target_.address, socket_->buffer(), socket_->connected().path().sni,
                 socket_->connected().path().framing),
      method_state_(shared.method_state),
      path_of_get_(target_.path_of_get()),
      owner_(owner),
      facts_(std::make_shared<ConnectionFacts>()),
      multi_(curl_multi_init()),
      url_(curl_url()),
      get_headers_(curl_slist_append(nullptr, "Accept: application/dns-message")),
      post_headers_(curl_slist_append(nullptr, "Accept: application/dns-message")),
      addresses_(target_.host_is_address ? nullptr : curl_slist_append(nullptr, target_.resolution().c_str())),
      alarm_(loop.scheduler(), [this] { guarded([this] { act_on_time(); }); }),
      call_(loop, [this] { guarded([this] { act_on_time(); }); }),
      idle_alarm_(loop.scheduler(), [this] { guarded([this] { look_at_idle(); }); }),
      sweep_alarm_(loop.scheduler(), [this] { guarded([this] { sweep(); }); }) {
  *facts_ = socket_->connected().facts(Transport::doh);
  set_up();
}

DohConnection::State::~State() { retire(); }

// From one stage to the next.

/// handshaking → open, or leaving if nothing may be sent to this server.
void DohConnection::State::establish() {
  if (stage_ != Stage::handshaking) return;
  if (Result<void> proved = handshake_.finish(*facts_); !proved) return leave(std::move(proved.error()));
  stage_ = Stage::open;
  news_.is_established = news_.has_received = true;
}

/// handshaking or open → leaving. The first reason counts.
void DohConnection::State::leave(Error why) {
  if (stage_ >= Stage::leaving) return;
  stage_ = Stage::leaving;
  why_ = std::move(why);
}

/// leaving → closed, and the owner is told.
void DohConnection::State::close() {
  Error why = std::move(why_);
  if (!why.detail.contains(facts_->address))
    why.detail = fmt::format("{} ({}): {}", target_.host, facts_->address, why.detail);
  retire();
  owner_.on_closed(std::move(why));
}

void DohConnection::State::retire() {
  if (std::exchange(stage_, Stage::closed) == Stage::closed) return;
  const bool was_large = transfers_.are_many();
  multi_.reset();  // closes libcurl's socket through on_close
  transfers_.clear();
  alarm_.disarm();
  idle_alarm_.disarm();
  sweep_alarm_.disarm();
  waiting_.clear();
  socket_.reset();
  if (was_large) give_back_memory();
}

/// The fault of a connection that ended: cancelled if the server closed it properly, as every server does at some time.
Error DohConnection::State::loss(std::string words) const {
  const bool is_orderly = stage_ == Stage::open && socket_->peer() != PeerState::reset;
  return Error{is_orderly ? Fault::cancelled : Fault::unreachable, std::move(words)};
}

// Called by the owner.

Duration DohConnection::State::unacknowledged() const { return socket_ ? socket_->unacknowledged() : Duration::zero(); }

/// Calls the owner at no point: it tells a failure at the end of the turn.
void DohConnection::State::send(Tag tag, const Message& query) {
  waiting_.push_back({.tag = tag, .query = with_id_0(query)});
  const bool is_filled = shielded(false, [this] { return fill(), true; });
  if (is_filled) return;
  leave({Fault::overloaded, "out of memory"});
  call_.post();
}

/// Handles every event. Lack of memory ends the connection, because the state of libcurl and our own are then unknown.
/// The owner sends its queries over another connection.
template <class Work>
void DohConnection::State::guarded(Work&& work) noexcept {
  const auto kept = shared_from_this();
  if (stage_ == Stage::closed || shielded(false, [&] { return work(), true; }) || stage_ == Stage::closed) return;
  retire();
  shielded(false, [this] { return owner_.on_closed({Fault::overloaded, "out of memory"}), true; });
}

/// Before the handshake is over libcurl has only one transfer, so none waits inside it for a connection: libcurl 8.13
/// to 8.15 get stuck in that wait (CURLOPT_PIPEWAIT) when the first transfer fails.
void DohConnection::State::fill() {
  const std::size_t limit = stage_ == Stage::open ? at_once : stage_ == Stage::handshaking ? 1 : 0;
  while (!waiting_.empty() && transfers_.in_use() < limit) {
    start(std::move(waiting_.front()));
    waiting_.pop_front();
  }
}

HttpForm DohConnection::State::form_for(const DohRequest& request) const {
  const DohMethod method = request.was_refused ? other_than(request.method) : method_state_.method;
  if (method == DohMethod::post) return {method, target_.path, post_headers_.get()};
  return {method, path_of_get_, get_headers_.get()};
}

void DohConnection::State::start(DohRequest request) {
  HttpTransfer& transfer = transfers_.next([this] { return make_transfer(); });
  const HttpForm form = form_for(request);
  transfer.load(std::move(request), form);
  if (curl_multi_add_handle(multi_.get(), transfer.easy()) != CURLM_OK) {
    transfer.unload();
    throw std::bad_alloc();
  }
  transfers_.take();
  idle_looks_ = 0;
  idle_alarm_.disarm();
  if (!sweep_alarm_.armed()) sweep_alarm_.arm(loop_.now() + sweep_every);
}

// Called by the loop.

void DohConnection::State::ready(Watch::Ready ready) {
  if (ready == Watch::Ready::write) {
    flush();
    return socket_->curl_writes() ? act(socket_->duplicate(), CURL_CSELECT_OUT) : settle();
  }
  if (socket_->is_idle()) return look_at_idle();
  news_.has_received = true;
  // Without this call libcurl sends the body one turn after the fields. libcurl 7.88 loses an answer that comes
  // between.
  act(socket_->duplicate(), CURL_CSELECT_IN | CURL_CSELECT_OUT);
}

/// The server did something on a connection without requests. A close or a goodbye ends the connection now, so that no
/// query pays for it. Other frames (PING, SETTINGS) stay unread until libcurl's next request, and a close may follow
/// them. A server that closes before the first request has not failed, whichever way it does it.
void DohConnection::State::look_at_idle() {
  if (transfers_.in_use() == 0 && socket_->peer_has_left()) {
    const std::string words = "closed by the server while idle";
    leave(stage_ == Stage::handshaking ? Error{Fault::cancelled, words} : loss(words));
    return tell();
  }
  socket_->stop_reading();
  const int doublings = std::clamp(idle_looks_++ - early_looks, 0, most_doublings);
  idle_alarm_.arm(loop_.now() + idle_look_after * (1 << doublings));
}

void DohConnection::State::act_on_time() {
  call_due_ = false;
  act(CURL_SOCKET_TIMEOUT, 0);
}

void DohConnection::State::act(curl_socket_t descriptor, int what) {
  int running = 0;
  socket_->buffer().begin_turn();
  const CURLMcode code = curl_multi_socket_action(multi_.get(), descriptor, what, &running);
  if (code != CURLM_OK) leave({Fault::overloaded, curl_multi_strerror(code)});
  flush();
  settle();
}

void DohConnection::State::flush() {
  if (const Result<void> sent = socket_->flush(); !sent)
    leave(handshake_.is_under_way() ? handshake_.failure(true) : loss(sent.error().detail));
}

/// Ends the transfers that have run since the last look. During the handshake the one transfer is the connection.
void DohConnection::State::sweep() {
  for (const auto& transfer : transfers_) {
    if (!transfer->outlived_look()) continue;
    if (stage_ != Stage::open) {
      leave({Fault::timeout, "no TLS connection in time"});
      break;
    }
    curl_multi_remove_handle(multi_.get(), transfer->easy());
    news_.endings.push_back({transfer->tag(), fail(Fault::timeout, "no answer in time")});
    transfers_.give_back(*transfer);
  }
  transfers_.free_spare();
  if (transfers_.in_use() > 0) sweep_alarm_.arm(loop_.now() + sweep_every);
  flush();  // libcurl has told the server
  settle();
}

// The end of each action.

void DohConnection::State::settle() {
  collect();
  look_for_flood();
  if (socket_->is_lost()) leave(loss("connection lost"));
  // libcurl may have read an answer and the goodbye behind it, and may handle them in the next call only.
  if (socket_->buffer().said_goodbye() && !call_due_) leave(loss("closed by the server"));
  tell();
  if (stage_ != Stage::closed) fill();
}

/// Ends a connection that brings many octets and no answer.
void DohConnection::State::look_for_flood() {
  const std::uint64_t taken = socket_->buffer().taken();
  if (!news_.endings.empty()) quiet_since_ = taken;
  if (taken - quiet_since_ <= most_beside_answers) return;
  quiet_since_ = taken;
  const std::uint64_t octets = transfers_.body_octets();
  if (std::exchange(body_octets_, octets) == octets)
    leave({Fault::protocol, "the server floods the connection with octets outside of answers"});
}

void DohConnection::State::collect() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;  // the message dies with the next call
    char* carried = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &carried);
    auto& transfer = *reinterpret_cast<HttpTransfer*>(carried);
    judge(transfer, code);
    curl_multi_remove_handle(multi_.get(), transfer.easy());
    transfers_.give_back(transfer);
  }
}

/// Sorts the ends of transfers: an answer, a failure of this one request, or the end of the connection.
void DohConnection::State::judge(HttpTransfer& transfer, CURLcode code) {
  if (code == CURLE_OK) return take_response(transfer);
  if (stage_ == Stage::leaving) return;
  const PeerState peer = socket_->peer();
  const bool is_there = peer == PeerState::there;
  if (socket_->shortage()) return leave(*socket_->shortage());
  if (handshake_.is_under_way() && code != CURLE_OUT_OF_MEMORY)
    return leave(handshake_.failure(peer == PeerState::reset));
  switch (code) {
    case CURLE_OUT_OF_MEMORY:
    case CURLE_ABORTED_BY_CALLBACK:  // our own callback had no memory
      return leave({Fault::overloaded, "out of memory"});
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return leave({Fault::tls_untrusted, transfer.words(code)});
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_HTTP2:
      if (stage_ == Stage::open && socket_->buffer().said_goodbye()) return;  // newer releases; settle() tells
      return leave(is_there ? Error{Fault::protocol, transfer.words(code)} : loss(transfer.words(code)));
    case CURLE_COULDNT_CONNECT:  // libcurl wants another socket, because the server lets this one go
      return leave(loss("closed by the server"));
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return leave(loss(transfer.words(code)));
    default:
      if (stage_ != Stage::open || !is_there) return leave(loss(transfer.words(code)));
      if (code == CURLE_HTTP2_STREAM && goes_out_again(transfer)) return;
      const Fault fault = code == CURLE_OPERATION_TIMEDOUT ? Fault::timeout : Fault::protocol;
      news_.endings.push_back({transfer.tag(), fail(fault, transfer.words(code))});
  }
}

/// True if the query is asked once more: a gateway that loses its back end ends the stream, or says 502, and the next
/// try goes to another back end. Queries on a connection that ends are asked again, too.
bool DohConnection::State::goes_out_again(HttpTransfer& transfer) {
  if (transfer.request().was_lost || transfer.request().was_refused) return false;
  waiting_.push_front(transfer.take_request());
  waiting_.front().was_lost = true;
  return true;
}

/// Asks a query again by the other method after the server refused the first. If that brings an answer, all later
/// queries use this method.
void DohConnection::State::take_response(HttpTransfer& transfer) {
  news_.has_received = true;  // libcurl also reads without waiting for the socket
  if (!transfer.is_http2()) return leave({Fault::protocol, "the server does not speak HTTP/2"});
  const DohMethod method = transfer.request().method;
  if (!transfer.request().was_refused && refuses(method, transfer.status())) {
    waiting_.push_front(transfer.take_request());
    waiting_.front().was_refused = true;
    return;
  }
  if (transfer.status() == bad_gateway && goes_out_again(transfer)) return;
  Result<Message> answer = transfer.take_answer();
  if (answer && transfer.request().was_refused && method_state_.method != method) adopt(method);
  news_.endings.push_back({transfer.tag(), std::move(answer)});
}

void DohConnection::State::adopt(DohMethod method) {
  method_state_.method = method;
  if (!method_state_.changes.pass(loop_.now())) return;
  if (method == DohMethod::post)
    return log::info("{} ({}) refuses GET: tacet uses POST", target_.host, facts_->address);
  log::info("{} ({}) refuses POST: tacet uses GET, and the size of a query varies with the letters of its name",
            target_.host, facts_->address);
}

/// Tells nothing of a failure while the connection ends: the owner sends the query over another connection.
void DohConnection::State::tell() {
  News news = std::exchange(news_, {});
  const bool ends = stage_ == Stage::leaving || socket_->buffer().said_goodbye();
  if (news.is_established) owner_.on_established();
  if (news.has_received && stage_ < Stage::leaving) owner_.on_received();
  for (auto& ending : news.endings) {
    if (stage_ == Stage::closed) return;
    if (ending.answer || !ends) owner_.on_answer(ending.tag, std::move(ending.answer));
  }
  if (stage_ == Stage::leaving) close();
}

}  // namespace tacet
