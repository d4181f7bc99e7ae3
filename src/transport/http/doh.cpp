#include "transport/http/doh.hpp"

#include <unordered_map>
#include <utility>

#include "dns/packed_question.hpp"
#include "dns/wire.hpp"
#include "transport/http/doh_response.hpp"
#include "transport/http/http.hpp"

namespace tacet {

namespace {

/// So that equal queries are equal requests (RFC 8484 §4.1).
std::vector<std::uint8_t> with_id_0(const Message& query) {
  std::vector<std::uint8_t> wire(query.wire().begin(), query.wire().end());
  store16(wire, 0, 0);
  return wire;
}

}  // namespace

struct DohConnection::State final : HttpLink::Owner {
  State(Loop& loop, ConnectedSocket socket, const UpstreamConfig& upstream, const DohShared& shared,
        Connection::Owner& told)
      : owner(told),
        link(make_link(loop, std::move(socket), upstream, shared)) {}

  std::unique_ptr<HttpLink> make_link(Loop& loop, ConnectedSocket socket, const UpstreamConfig& upstream,
                                      const DohShared& shared) {
    HttpTarget target = http_target(upstream, socket.address());
    return std::make_unique<HttpLink>(loop, std::move(socket), std::move(target), shared, *this);
  }

  void on_established() override { owner.on_established(); }
  void on_received() override { owner.on_received(); }
  void on_closed(Error why) override { owner.on_closed(std::move(why)); }

  void on_body(Tag tag, Result<DohBody> body) override {
    const auto asked = questions.find(tag);
    if (asked == questions.end()) return;
    const Question question = asked->second.unpacked();
    questions.erase(asked);
    owner.on_answer(tag, body ? doh_answer(question, std::move(*body)) : fail(std::move(body.error())));
  }

  Connection::Owner& owner;
  std::unordered_map<Tag, PackedQuestion> questions;
  std::unique_ptr<HttpLink> link;  // last: it calls the others
};

DohConnection::DohConnection(Loop& loop, ConnectedSocket socket, const UpstreamConfig& upstream,
                             const DohShared& shared, Owner& owner)
    : state_(std::make_unique<State>(loop, std::move(socket), upstream, shared, owner)) {}

DohConnection::~DohConnection() = default;

void DohConnection::send(Tag tag, const Message& query) {
  state_->questions.emplace(tag, PackedQuestion(query.question()));
  state_->link->ask(tag, with_id_0(query));
}

/// HTTP/2 asks for no goodbye of a client: closing the connection is one (RFC 9113 §9.1).
void DohConnection::close() {}

std::shared_ptr<const ConnectionFacts> DohConnection::facts() const { return state_->link->facts(); }

Duration DohConnection::unacknowledged() const { return state_->link->unacknowledged(); }

}  // namespace tacet
