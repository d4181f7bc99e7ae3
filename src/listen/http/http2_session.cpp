#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <map>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "base/shield.hpp"
#include "base/text.hpp"
#include "listen/http/doh_session.hpp"
#include "listen/http/frame_allowance.hpp"
#include "listen/http/http2_memory.hpp"

namespace tacet {
namespace {

constexpr std::uint32_t most_streams = 100;
/// A query has a few hundred octets. A POST with more gets more room as it is read.
constexpr std::uint32_t first_window = 16384;
/// Replies that wait for a client that does not read.
constexpr std::size_t most_unsent_replies = std::size_t{256} << 10;
constexpr std::size_t most_head_at_all = 4 * DohSession::most_head;
constexpr std::size_t most_bodies = std::size_t{256} << 10;  // of requests that come
constexpr ssize_t frame_head = 9;                            // octets (RFC 9113 §4.1)
/// With so many octets the client's buffer is full.
constexpr std::size_t enough_output = std::size_t{16} << 10;

/// One request, and what is left of its response.
struct Http2Stream {
  HttpQuery request;
  Instant begun{};
  std::size_t head_octets = 0;
  std::vector<std::uint8_t> body;  // of the response
  std::size_t sent = 0;
  bool expects = false;  // the client sends the body only when it is told to
  bool is_whole = false;
};

using SessionHandle = std::unique_ptr<nghttp2_session, decltype([](nghttp2_session* it) { nghttp2_session_del(it); })>;
using CallbacksHandle =
    std::unique_ptr<nghttp2_session_callbacks,
                    decltype([](nghttp2_session_callbacks* it) { nghttp2_session_callbacks_del(it); })>;
using OptionHandle = std::unique_ptr<nghttp2_option, decltype([](nghttp2_option* it) { nghttp2_option_del(it); })>;

/// A field of a response. The text lives until nghttp2 has taken the header.
nghttp2_nv field(std::string_view name, std::string_view value) {
  const auto octets = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));  // nghttp2 only reads them
  };
  return {octets(name), octets(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

class Http2Session final : public DohSession {
public:
  Http2Session(StreamClient& client, StreamQueries& queries, const ListenerContext& context)
      : DohSession(client, queries, context),
        allowance_(now()) {
    nghttp2_session* made = nullptr;
    if (nghttp2_session_server_new3(&made, callbacks(), this, options(), &http2_memory()) != 0) throw std::bad_alloc();
    session_.reset(made);
    constexpr std::array<nghttp2_settings_entry, 3> settings{
        {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, most_streams},
         {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, first_window},
         {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(most_head)}}};
    if (nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) != 0) throw std::bad_alloc();
  }

  void feed(Bytes octets) override {
    if (ended_) return;
    const auto used = nghttp2_session_mem_recv(session_.get(), octets.data(), octets.size());
    const bool is_over = used < 0 || !is_in_time();
    if (is_over) end(NGHTTP2_ENHANCE_YOUR_CALM);
  }

  Step serve_next(Instant time) override {
    if (!ended_ && !nghttp2_session_want_read(session_.get())) ended_ = true;  // a fault, or a goodbye
    while (!whole_.empty() && !streams_.contains(whole_.front())) whole_.erase(whole_.begin());  // taken back
    if (whole_.empty()) {
      if (ended_ && !owes()) client().finish();
      return Step::none;
    }
    if (rests(time)) return Step::later;
    const auto id = whole_.front();
    whole_.erase(whole_.begin());
    serve(static_cast<Tag>(id), streams_.at(id).request, time);
    return Step::served;
  }

  bool partial() const override { return !had_request_ || coming_ > 0; }
  bool takes_more() const override { return unsent_ <= most_unsent_replies && DohSession::takes_more(); }
  bool owes() const override { return DohSession::owes() || !whole_.empty() || unsent_ > 0; }

  /// One response at a time, which so gets a TLS record of its own: some clients (dnsperf) lose all but the last
  /// response in what they read at once.
  void produce() override {
    while (client().out().empty() || !is_end_) {
      const std::uint8_t* octets = nullptr;
      const auto size = nghttp2_session_mem_send(session_.get(), &octets);
      if (size < frame_head) return;
      client().out().insert(client().out().end(), octets, octets + size);
      is_end_ = octets[3] <= NGHTTP2_HEADERS && (octets[4] & NGHTTP2_FLAG_END_STREAM) != 0;
      if (client().out().size() > enough_output) return;
    }
  }

private:
  static Http2Session& of(void* user) { return *static_cast<Http2Session*>(user); }

  Http2Stream* find(std::int32_t id) {
    const auto found = streams_.find(id);
    return found != streams_.end() ? &found->second : nullptr;
  }

  /// Says why, and takes no more. What is owed is still sent.
  void end(std::uint32_t why) {
    ended_ = true;
    nghttp2_session_terminate_session(session_.get(), why);
  }

  /// A request that drips in, or a response that nobody takes, ends the connection. The oldest stands first.
  bool is_in_time() const { return streams_.empty() || now() - streams_.begin()->second.begun < request_limit; }

  // What nghttp2 tells. Anything but 0 ends the connection.

  int on_begin(const nghttp2_frame& frame) {
    if (frame.hd.type != NGHTTP2_HEADERS || frame.headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    if (!allowance_.spend(now())) return NGHTTP2_ERR_CALLBACK_FAILURE;
    streams_[frame.hd.stream_id].begun = now();
    ++coming_;
    return 0;
  }

  int on_header(const nghttp2_frame& frame, std::string_view name, std::string_view value) {
    Http2Stream* const stream = find(frame.hd.stream_id);
    if (stream == nullptr) return 0;
    stream->head_octets += name.size() + value.size() + 32;  // as RFC 9113 §6.5.2 counts
    // HPACK makes a large head of few octets, and each of its fields costs time.
    if (stream->head_octets > most_head_at_all) return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (stream->head_octets > most_head) return 0;            // gets 431 when it is whole
    if (frame.headers.cat != NGHTTP2_HCAT_REQUEST) return 0;  // a trailer says nothing of the request (RFC 9110 §6.5.1)
    if (name == ":method")
      stream->request.method = value;
    else if (name == ":path")
      stream->request.target = value;
    else if (name == "content-type")
      stream->request.content_type = value;
    else if (name == "expect")
      stream->expects = equal_folded(value, "100-continue");
    return 0;
  }

  int on_data(std::int32_t id, Bytes octets) {
    Http2Stream* const stream = find(id);
    if (stream == nullptr) return 0;
    auto& body = stream->request.body;
    if (body.size() > HttpQuery::most_body) return 0;  // gets 413 when it is whole
    bodies_ += octets.size();
    if (bodies_ > most_bodies) return NGHTTP2_ERR_CALLBACK_FAILURE;
    body.insert(body.end(), octets.begin(), octets.end());
    return 0;
  }

  int on_frame(const nghttp2_frame& frame) {
    const bool carries = frame.hd.type == NGHTTP2_HEADERS || (frame.hd.type == NGHTTP2_DATA && frame.hd.length > 0);
    const bool ends = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (!carries && !ends && !allowance_.spend(now())) return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA)
      return ends ? on_whole(frame.hd.stream_id) : on_part(frame.hd.stream_id);
    return 0;
  }

  /// Lets a client that waits for it send its body (RFC 9110 §10.1.1).
  int on_part(std::int32_t id) {
    Http2Stream* const stream = find(id);
    if (stream == nullptr || !std::exchange(stream->expects, false)) return 0;
    const nghttp2_nv go_on = field(":status", "100");
    return nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, id, nullptr, &go_on, 1, nullptr);
  }

  int on_whole(std::int32_t id) {
    Http2Stream* const stream = find(id);
    if (stream == nullptr || std::exchange(stream->is_whole, true)) return 0;
    --coming_;
    had_request_ = true;
    bodies_ -= std::min(bodies_, stream->request.body.size());
    if (stream->head_octets > most_head)
      respond(static_cast<Tag>(id), error_response(431));
    else
      whole_.push_back(id);
    return 0;
  }

  int on_closed_stream(std::int32_t id, std::uint32_t code) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return 0;
    Http2Stream& stream = found->second;
    if (!stream.is_whole) {
      --coming_;
      bodies_ -= std::min(bodies_, stream.request.body.size());
    }
    unsent_ -= stream.body.size();
    if (code == NGHTTP2_NO_ERROR) allowance_.earn();
    streams_.erase(found);
    return 0;
  }

  ssize_t on_room(std::int32_t id, std::span<std::uint8_t> room, std::uint32_t& flags) {
    Http2Stream* const stream = find(id);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const std::size_t size = std::min(room.size(), stream->body.size() - stream->sent);
    std::copy_n(stream->body.begin() + static_cast<std::ptrdiff_t>(stream->sent), size, room.begin());
    stream->sent += size;
    if (stream->sent == stream->body.size()) flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }

  void respond(Tag tag, const HttpAnswer& response) override {
    const auto id = static_cast<std::int32_t>(tag);
    Http2Stream* const stream = find(id);
    if (stream == nullptr) return;  // taken back
    const bool is_head = std::exchange(stream->request, {}).method == "HEAD";
    if (!is_head) stream->body.assign(response.body.begin(), response.body.end());
    unsent_ += stream->body.size();
    submit(id, response, stream->body.empty());
  }

  void submit(std::int32_t id, const HttpAnswer& response, bool is_head) {
    const fmt::format_int status(response.status), length(response.body.size());
    std::array<char, 32> freshness;
    const auto end = fmt::format_to(freshness.begin(), "max-age={}", response.max_age.value_or(0));
    const std::string_view control =
        response.max_age ? std::string_view(freshness.data(), static_cast<std::size_t>(end - freshness.begin()))
                         : "no-store";
    const std::array<nghttp2_nv, 5> fields{field(":status", {status.data(), status.size()}),
                                           field("content-type", response.type),
                                           field("content-length", {length.data(), length.size()}),
                                           field("cache-control", control), field("allow", "GET, HEAD, POST")};
    const std::size_t count = response.status == 405 ? fields.size() : fields.size() - 1;
    nghttp2_data_provider body{};
    body.read_callback = [](nghttp2_session*, std::int32_t stream, std::uint8_t* room, std::size_t size,
                            std::uint32_t* flags, nghttp2_data_source*,
                            void* user) { return of(user).on_room(stream, {room, size}, *flags); };
    if (nghttp2_submit_response(session_.get(), id, fields.data(), count, is_head ? nullptr : &body) != 0)
      throw std::bad_alloc();
  }

  static const nghttp2_session_callbacks* callbacks();
  static const nghttp2_option* options();

  SessionHandle session_;
  FrameAllowance allowance_;
  std::map<std::int32_t, Http2Stream> streams_;
  std::vector<std::int32_t> whole_;  // requests to serve, in their order; a few hundred at most
  std::size_t coming_ = 0;           // streams whose request is not whole
  std::size_t bodies_ = 0;           // octets of their bodies
  std::size_t unsent_ = 0;           // octets of replies
  bool had_request_ = false;
  bool is_end_ = true;  // the last frame of the client's buffer ends a response
  bool ended_ = false;
};

const nghttp2_session_callbacks* Http2Session::callbacks() {
  static const CallbacksHandle made = [] {
    nghttp2_session_callbacks* all = nullptr;
    if (nghttp2_session_callbacks_new(&all) != 0) throw std::bad_alloc();
    constexpr int failed = NGHTTP2_ERR_CALLBACK_FAILURE;
    nghttp2_session_callbacks_set_on_begin_headers_callback(
        all, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
          return shielded(failed, [&] { return of(user).on_begin(*frame); });
        });
    nghttp2_session_callbacks_set_on_header_callback(
        all, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                const std::uint8_t* value, std::size_t size, std::uint8_t, void* user) {
          const auto text = [](const std::uint8_t* octets, std::size_t count) {
            return std::string_view(reinterpret_cast<const char*>(octets), count);
          };
          return shielded(failed, [&] { return of(user).on_header(*frame, text(name, name_size), text(value, size)); });
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        all, [](nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* octets, std::size_t size,
                void* user) { return shielded(failed, [&] { return of(user).on_data(id, {octets, size}); }); });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        all, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
          return shielded(failed, [&] { return of(user).on_frame(*frame); });
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        all, [](nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
          return shielded(failed, [&] { return of(user).on_closed_stream(id, code); });
        });
    return CallbacksHandle(all);
  }();
  return made.get();
}

const nghttp2_option* Http2Session::options() {
  static const OptionHandle made = [] {
    nghttp2_option* all = nullptr;
    if (nghttp2_option_new(&all) != 0) throw std::bad_alloc();
    nghttp2_option_set_max_outbound_ack(all, 64);
    nghttp2_option_set_max_settings(all, 16);
    nghttp2_option_set_no_closed_streams(all, 1);
    return OptionHandle(all);
  }();
  return made.get();
}

}  // namespace

std::unique_ptr<DohSession> make_http2_session(StreamClient& client, StreamQueries& queries,
                                               const ListenerContext& context) {
  return std::make_unique<Http2Session>(client, queries, context);
}

}  // namespace tacet
