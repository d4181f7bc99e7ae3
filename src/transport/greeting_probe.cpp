#include "transport/greeting_probe.hpp"

#include <chrono>
#include <utility>

#include "dns/edns.hpp"

namespace tacet {
namespace {

/// For TCP, and then for the greeting. A lost segment was sent again several times by then.
constexpr Duration patience = std::chrono::seconds(2);

}  // namespace

GreetingProbe::GreetingProbe(UpstreamServer& server, DialPath path, std::function<void(GreetingOutcome)> on_end)
    : server_(server),
      path_(std::make_shared<const DialPath>(std::move(path))),
      on_end_(std::move(on_end)),
      connector_(server.context().loop, {server.book(), server.context().budget, path_, server.quic_client()},
                 {[this](ConnectedSocket socket) { connected(std::move(socket)); },
                  [this](const Error& error) {
                    end(error.fault == Fault::timeout ? GreetingOutcome::dropped : GreetingOutcome::closed);
                  }}),
      late_(server.context().loop.scheduler(),
            [this] { end(connection_ ? GreetingOutcome::silent : GreetingOutcome::dropped); }) {
  late_.arm(server.context().loop.now() + patience);
  connector_.start();
}

void GreetingProbe::connected(ConnectedSocket socket) {
  late_.arm(server_.context().loop.now() + patience);
  connection_ = server_.connect(std::move(socket), *this);
  if (server_.context().config.encryption == Encryption::doh)
    connection_->send(1, upstream_query({Name(), Type::ns}, false, false));
}

void GreetingProbe::end(GreetingOutcome showed) {
  connector_.stop();
  late_.disarm();
  if (const auto tell = std::exchange(on_end_, nullptr)) tell(showed);
}

}  // namespace tacet
