#include "cli/asking.hpp"

#include <utility>

#include "resolve/resolver.hpp"

namespace tacet {

Asking::Asking(const Config& config, const TrustStores& trust, std::shared_ptr<const ValidationRules> rules)
    : loop_(clock_),
      upstreams_({.loop = loop_, .metrics = metrics_}, config, trust),
      validation_({loop_.scheduler(), tasks_, metrics_, seed_}) {
  if (rules) validation_.use(std::move(rules));
}

Asking::~Asking() { tasks_.cancel(); }

Result<QueryOutcome> Asking::ask(const Message& query) {
  const Instant begun = loop_.now();
  std::optional<Result<Response>> response;
  std::optional<Judgement> judgement;
  tasks_.spawn(exchange(query, begun + Resolver::answer_limit, response, judgement));
  if (!response) loop_.run();
  if (!*response) return fail(response->error());
  return QueryOutcome{.response = **std::move(response),
                      .taken = loop_.now() - begun,
                      .plaintext_lookups = upstreams_.plaintext_lookups(),
                      .judgement = std::move(judgement)};
}

Task<void> Asking::exchange(const Message& query, Instant deadline, std::optional<Result<Response>>& response,
                            std::optional<Judgement>& judgement) {
  Pool& set = upstreams_.set_for(query.question().name);
  Result<Response> first = co_await set.exchange(query, deadline);
  if (first && validation_.mode() != DnssecMode::off && &set == &upstreams_.set()) {
    Validation::Subject subject{upstreams_.set_for_others(), query.question(), std::nullopt, deadline};
    Task<Proof> proving = validation_.prove(std::move(subject), *std::move(first));
    Proof proof = co_await std::move(proving);
    judgement = std::move(proof.judgement);
    first = std::move(proof.response);
  }
  response = std::move(first);
  loop_.stop();
}

}  // namespace tacet
