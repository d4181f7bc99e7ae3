#include "cli/asking.hpp"

#include <utility>

#include "resolve/resolver.hpp"

namespace tacet {

Asking::Asking(const Config& config, const TrustStores& trust)
    : loop_(clock_),
      upstreams_(
          {.loop = loop_, .metrics = metrics_, .on_established = [](const UpstreamConfig&, const ConnectionFacts&) {}},
          config, trust) {}

Asking::~Asking() { tasks_.cancel(); }

Result<QueryOutcome> Asking::ask(const Message& query) {
  const Instant begun = loop_.now();
  std::optional<Result<Response>> response;
  tasks_.spawn(exchange(query, begun + Resolver::answer_limit, response));
  if (!response) loop_.run();
  if (!*response) return fail(response->error());
  return QueryOutcome{.response = **std::move(response),
                      .taken = loop_.now() - begun,
                      .plaintext_lookups = upstreams_.plaintext_lookups()};
}

Task<void> Asking::exchange(const Message& query, Instant deadline, std::optional<Result<Response>>& response) {
  response = co_await upstreams_.set_for(query.question().name).exchange(query, deadline);
  loop_.stop();
}

}  // namespace tacet
