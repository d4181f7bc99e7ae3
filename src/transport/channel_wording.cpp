#include <memory>
#include <utility>

#include "dns/without_opt.hpp"
#include "transport/channel_link.hpp"

/// How a Channel words its queries: with OPT, or without for a server that does not take it.
namespace tacet {

void Channel::word(Call& call) {
  if (!server_.edns().takes_opt(now()) && call.query.index().has_edns)
    call.without_opt = std::make_unique<const Message>(without_opt(call.query));
}

/// True if the call goes on without OPT. If that does not help, `response` is what its client gets. SERVFAIL and
/// REFUSED of an encrypted server are about the name: servers that encrypt know EDNS, and a failing one is not to be
/// asked twice.
bool Channel::asks_without_opt(Call& call, Response& response) {
  EdnsMemory& edns = server_.edns();
  if (call.without_opt) {
    judge_wording(call, response);
    return false;
  }
  if (!call.query.index().has_edns) return false;
  if (!says_opt_is_wrong(response.message.rcode())) {
    edns.liked(response.message);
    return false;
  }
  call.without_opt = std::make_unique<const Message>(without_opt(call.query));
  call.with_opt = std::make_unique<Response>(std::move(response));
  call.sent = now();
  call.rides_on = nullptr;
  auto again = calls_.extract(call.tag);
  again.key() = call.tag = next_tag_++;
  calls_.insert(std::move(again));
  for (Link* link : {current_.get(), fresh_.get()})
    if (link != nullptr) feed(*link);
  return true;
}

/// Both answers are there. The first is the right one if the second is no other.
void Channel::judge_wording(Call& call, Response& second) {
  if (!call.with_opt) return;
  const Rcode first = call.with_opt->message.rcode();
  if (second.message.rcode() == first) {
    second = std::move(*call.with_opt);
    return;
  }
  server_.edns().dislikes(false, now());
  if (server_.edns().takes_opt(now())) return;
  log::warn(
      "upstream {} answers {} to queries with EDNS: tacet asks it without. These queries have no padding, and bring no "
      "DNSSEC records",
      id_, to_string(first));
}

}  // namespace tacet
