#include "transport/http/doh.hpp"

#include <utility>

#include "transport/http/http_connection.hpp"

namespace tacet {

DohConnection::DohConnection(Loop& loop, ConnectedSocket socket, const UpstreamConfig& upstream,
                             const DohShared& shared, Owner& owner)
    : state_(std::make_shared<State>(loop, std::move(socket), upstream, shared, owner)) {}

DohConnection::~DohConnection() { state_->retire(); }

void DohConnection::send(Tag tag, const Message& query) { state_->send(tag, query); }
std::shared_ptr<const ConnectionFacts> DohConnection::facts() const { return state_->facts(); }
Duration DohConnection::unacknowledged() const { return state_->unacknowledged(); }

}  // namespace tacet
