#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "config/scalar.hpp"
#include "listen/http/chunked_body.hpp"
#include "listen/http/doh_session.hpp"
#include "listen/http/http_request.hpp"

namespace tacet {
namespace {

constexpr std::string_view line_end = "\r\n", head_end = "\r\n\r\n";
/// A longer body is not read to its end: the connection ends instead.
constexpr std::uint64_t most_skipped = std::uint64_t{1} << 20;

/// So much of its buffer an idle client keeps.
constexpr std::size_t most_kept = 4096;

/// The head of one request, and what it says about the connection.
struct Http1Head {
  HttpQuery request;
  std::uint64_t body_size = 0;
  std::optional<ChunkedBody> chunks = std::nullopt;  // the body comes in them, and its size is not known before
  bool is_old = false;                               // HTTP/1.0
  bool closes = false;                               // after this request
  bool continues = false;                            // the client sends the body only when it is told to
};

std::string field(const HttpRequest& head, const std::string& name) {
  const auto found = head.fields.find(name);
  return found != head.fields.end() ? lower_case(found->second) : std::string();
}

/// How the body comes, in `out`; otherwise the status of a refusal. A request that two readers could cut in two ways is
/// refused (RFC 9112 §6.1, §6.3).
std::optional<unsigned> read_framing(const HttpRequest& head, Http1Head& out) {
  const auto lengths = head.fields.count("content-length"), codings = head.fields.count("transfer-encoding");
  if (codings > 0 && (lengths > 0 || out.is_old)) return 400;
  if (codings > 1 || (codings == 1 && field(head, "transfer-encoding") != "chunked")) return 501;
  if (codings == 1) out.chunks.emplace();
  if (lengths == 0) return std::nullopt;
  const auto size = parse_number(field(head, "content-length"));
  if (lengths > 1 || !size) return 400;
  out.body_size = *size;
  return std::nullopt;
}

/// "GET /dns-query?dns=AAA HTTP/1.1" and the fields; the status that refuses it.
std::expected<Http1Head, unsigned> read_head(std::string_view text) {
  const auto head = parse_http_request(text);
  if (!head) return std::unexpected(400U);
  const bool is_old = text.substr(0, text.find("\r\n")).ends_with("HTTP/1.0");
  if (!is_old && head->fields.count("host") != 1) return std::unexpected(400U);
  Http1Head read{.request = {.method = head->method,
                             .target = head->target,
                             .content_type = field(*head, "content-type"),
                             .body = {}},
                 .is_old = is_old,
                 .closes = is_old || head->lists("connection", "close"),
                 .continues = !is_old && head->lists("expect", "100-continue")};
  if (const auto refusal = read_framing(*head, read)) return std::unexpected(*refusal);
  return read;
}

class Http1Session final : public DohSession {
public:
  using DohSession::DohSession;

  void feed(Bytes octets) override {
    if (in_.empty() && !head_) begun_ = now();
    in_.append(octets.begin(), octets.end());
  }
  bool partial() const override { return !in_.empty() || head_.has_value(); }
  bool takes_more() const override { return !waits_ && DohSession::takes_more(); }
  bool owes() const override { return waits_ || DohSession::owes(); }

  Step serve_next(Instant time) override {
    skip();
    if (in_.empty() && in_.capacity() > most_kept) in_.shrink_to_fit();
    if (skipped_ > 0 || (in_.empty() && !head_)) return Step::none;
    if (time - begun_ > request_limit) return refuse(408);
    if (!head_) return begin();
    const auto whole = take_body();
    if (!whole) return refuse(whole.error());
    if (!*whole) return Step::none;
    if (rests(time)) return Step::later;
    return serve_whole(time);
  }

private:
  /// Reads a head, if it is whole.
  Step begin() {
    if (in_.starts_with(line_end)) in_.erase(0, line_end.size());  // behind the former body (RFC 9112 §2.2)
    if (in_.empty()) return Step::none;
    is_head_ = false;
    const auto end = std::string_view(in_).substr(0, most_head).find(head_end);
    if (end == std::string_view::npos) return in_.size() < most_head ? Step::none : refuse(431);
    auto head = read_head(std::string_view(in_).substr(0, end));
    if (!head) return refuse(head.error());
    in_.erase(0, end + head_end.size());
    is_head_ = head->request.method == "HEAD";
    closes_ = head->closes;
    if (head->body_size > HttpQuery::most_body) return refuse_body(head->body_size);
    if (head->continues && in_.empty()) say("HTTP/1.1 100 Continue\r\n\r\n");
    head_ = *std::move(head);
    return serve_next(now());
  }

  /// Moves what has come of the body to the request; true if that is all of it, false if more must come.
  std::expected<bool, unsigned> take_body() {
    auto& body = head_->request.body;
    std::string_view rest = in_;
    std::expected<bool, unsigned> whole = true;
    if (head_->chunks) {
      whole = head_->chunks->take(rest, body);
    } else {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(head_->body_size - body.size(), rest.size()));
      body.insert(body.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size));
      rest.remove_prefix(size);
      whole = body.size() == head_->body_size;
    }
    in_.erase(0, in_.size() - rest.size());
    return whole;
  }

  Step serve_whole(Instant time) {
    const Http1Head head = *std::exchange(head_, std::nullopt);
    begun_ = time;
    waits_ = true;
    serve(0, head.request, time);
    return Step::served;
  }

  /// A body that is too large is read and dropped, so that the client gets to read why.
  Step refuse_body(std::uint64_t size) {
    if (size > most_skipped) return refuse(413);
    skipped_ = size;
    skip();
    waits_ = true;
    respond(0, error_response(413));
    return Step::served;
  }

  void skip() {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(skipped_, in_.size()));
    in_.erase(0, size);
    skipped_ -= size;
  }

  /// Answers what cannot be read any further, and ends the connection.
  Step refuse(unsigned status) {
    closes_ = true;
    waits_ = true;
    respond(0, error_response(status));
    return Step::later;
  }

  void respond(Tag, const HttpAnswer& response) override {
    if (!std::exchange(waits_, false)) return;
    std::string head = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n", response.status,
                                   reason_phrase(response.status), response.type, response.body.size());
    head += response.max_age ? fmt::format("Cache-Control: max-age={}\r\n", *response.max_age)
                             : "Cache-Control: no-store\r\n";
    if (response.status == 405) head += "Allow: GET, HEAD, POST\r\n";
    if (closes_) head += "Connection: close\r\n";
    say(head + "\r\n");
    if (!is_head_) client().out().insert(client().out().end(), response.body.begin(), response.body.end());
    if (closes_) client().finish();
  }

  void say(std::string_view text) { client().out().insert(client().out().end(), text.begin(), text.end()); }

  std::string in_;
  std::optional<Http1Head> head_;  // of the request whose body comes
  std::uint64_t skipped_ = 0;      // octets to drop
  Instant begun_{};                // when the request that comes began
  bool waits_ = false;             // a request waits for its response
  bool closes_ = false;            // the present request is the last
  bool is_head_ = false;           // its response has no body
};

}  // namespace

std::unique_ptr<DohSession> make_http1_session(StreamClient& client, StreamQueries& queries,
                                               const ListenerContext& context) {
  return std::make_unique<Http1Session>(client, queries, context);
}

}  // namespace tacet
