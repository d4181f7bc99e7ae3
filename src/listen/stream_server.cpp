#include "listen/stream_server.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/log.hpp"
#include "listen/admission.hpp"

namespace tacet {
namespace {

constexpr Duration shortage_pause = std::chrono::milliseconds(100), full_pause = std::chrono::milliseconds(10);

/// How long a client at work keeps its place from a newcomer: when many come at once, and when newcomers have waited
/// for so long. Then those that hold connections open must not keep others out.
constexpr Duration burst_time = std::chrono::seconds(2);
constexpr Duration work_time = std::chrono::seconds(1), silent_time = std::chrono::milliseconds(100);
/// After so long without newcomers that wait, the next are a new burst.
constexpr Duration calm = std::chrono::seconds(1);

Descriptor accept_from(int socket, KernelAddress& client) {
  client.size = sizeof client.storage;
  return Descriptor(
      ::accept4(socket, reinterpret_cast<sockaddr*>(&client.storage), &client.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

bool is_shortage(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS; }

}  // namespace

StreamServer::StreamServer(const StreamServerContext& context)
    : context_(context),
      lingering_(context.loop),
      greet_next_(context.loop, [this] { greet_next(); }),
      watch_(context.loop, context.socket, [this](Watch::Ready) { on_acceptable(); }),
      accept_again_(context.loop.scheduler(), [this] { watch_.want_read(!stopping_); }) {
  watch_.want_read(true);
}

StreamServer::~StreamServer() = default;

void StreamServer::set_most_clients(std::size_t most) {
  context_.most_clients = most;
  for (auto next = clients_.begin(); next != clients_.end() && clients_.size() > most;) {
    const auto client = *next++;
    if (!client->busy()) client->close();
  }
  std::size_t surplus = clients_.size() - std::min(most, clients_.size());
  finish_if([&surplus](const StreamClient&) { return surplus > 0 && surplus-- > 0; });
}

void StreamServer::finish_if(const std::function<bool(const StreamClient&)>& is_done) {
  for (auto next = clients_.begin(); next != clients_.end();) {
    const auto client = *next++;
    if (is_done(*client)) client->finish();
  }
}

void StreamServer::stop() {
  stopping_ = true;
  watch_.want_read(false);
  greetings_.clear();
  finish_if([](const StreamClient&) { return true; });
}

void StreamServer::on_heard(StreamClient& client) { clients_.splice(clients_.end(), clients_, client.place); }

void StreamServer::on_greeting(StreamClient& client) {
  greeted_.push_back(client.shared_from_this());
  greet_next_.post();
}

void StreamServer::on_closed(StreamClient& client, Descriptor socket) {
  clients_.erase(client.place);
  if (socket) lingering_.add(std::move(socket));
}

void StreamServer::on_proxy_header(const StreamClient& client) {
  if (!context_.gates || !context_.gates->stray_proxy_header.pass(context_.loop.now())) return;
  log::warn(
      "{} sends a PROXY header where none is taken, so its connection is closed. If it is a front end of yours, "
      "`proxy_protocol` must list it; over TLS it must send the header before TLS",
      text_of(client.address().storage));
}

void StreamServer::greet_next() {
  const auto client = std::move(greeted_.front());
  greeted_.pop_front();
  if (!greeted_.empty()) greet_next_.post();
  client->greet();
}

void StreamServer::on_acceptable() {
  if (is_full() && longest_idle() == nullptr) {
    note_crowd();
    return accept_later(full_pause);
  }
  KernelAddress address;
  Descriptor socket = accept_from(context_.socket, address);
  if (!socket) {
    // Without descriptors or memory a client goes, or the new one waits a little in the backlog. All listeners need
    // what it gives back, so nobody keeps a place by being at work.
    if (!is_shortage(errno)) return;
    clients_.empty() ? accept_later(shortage_pause) : make_room();
    return lingering_.clear();
  }
  if (context_.service.is_front_end(address)) return greet(std::move(socket), address);
  serve(std::move(socket), address);
}

void StreamServer::accept_later(Duration pause) {
  watch_.want_read(false);
  accept_again_.arm(context_.loop.now() + pause);
}

/// Waits for the PROXY header. If too many wait already, the oldest goes.
void StreamServer::greet(Descriptor socket, const KernelAddress& front_end) {
  if (greetings_.size() >= context_.most_clients) greetings_.pop_front();
  const auto place = greetings_.emplace(greetings_.end());
  try {
    *place = std::make_unique<ProxyGreeting>(
        context_.loop, std::move(socket), front_end, [this, place](Descriptor greeted, const KernelAddress& client) {
          const auto over = std::move(*place);  // its caller goes on in it until this returns
          greetings_.erase(place);
          over->forget_socket();
          if (greeted) return serve(std::move(greeted), client);
          if (context_.gates && context_.gates->no_proxy_header.pass(context_.loop.now()))
            log::warn(
                "{} is in `proxy_protocol`, but does not begin its connections with a PROXY header, version 2, so they "
                "are closed. Over TLS the header must come before TLS",
                text_of(client.storage));
        });
  } catch (...) {
    greetings_.erase(place);
    throw;
  }
}

void StreamServer::serve(Descriptor socket, const KernelAddress& address) {
  if (!context_.service.admits(address)) return;
  if (is_full()) make_room();  // also if the limit was reached while a front end greeted
  StreamClient::Owner& owner = *this;
  auto stream = context_.service.stream_of(std::move(socket));
  const auto client = std::make_shared<StreamClient>(context_.loop, owner, std::move(stream), address);
  client->start(context_.service.open(*client), context_.limits);
  client->place = clients_.insert(clients_.end(), client);
}

/// Closes the longest idle client, or else the one that has been at work for the longest. Pre: there is a client.
void StreamServer::make_room() {
  StreamClient* const idle = longest_idle();
  (idle != nullptr ? *idle : *clients_.front()).close();
}

void StreamServer::note_crowd() {
  const Instant now = context_.loop.now();
  if (now - crowded_until_ >= calm) crowded_since_ = now;
  crowded_until_ = now;
}

bool StreamServer::gives_way(const StreamClient& client, Instant now) const {
  const auto since = client.at_work_since();
  if (!since) return true;
  const bool is_burst = now - crowded_until_ >= calm || now - crowded_since_ < burst_time;
  const Duration time = is_burst ? burst_time : client.has_begun() ? work_time : silent_time;
  return now - *since >= time;
}

/// The client whose place a newcomer may have; if possible one that waits for nothing. Null if there is none.
StreamClient* StreamServer::longest_idle() const {
  const Instant now = context_.loop.now();
  StreamClient* found = nullptr;
  for (const auto& client : clients_) {
    if (!gives_way(*client, now)) continue;
    if (!client->busy()) return client.get();
    if (found == nullptr) found = client.get();
  }
  return found;
}

}  // namespace tacet
