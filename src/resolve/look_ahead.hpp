#pragma once
#include "base/scheduler.hpp"
#include "resolve/fetcher.hpp"
#include "resolve/followers.hpp"

namespace tacet {

/// Asks for what clients will probably ask next: when a name comes that leads, it fetches the followers that have
/// expired or are about to. Nothing is asked that the cache does not know from a client, and no name of this machine,
/// of a zone of the local network, or that policy answers. One per worker.
class LookAhead {
public:
  /// The fetcher must outlive it.
  explicit LookAhead(Fetcher& fetcher);

  /// A client asks for a name in no zone of the local network. Allocates nothing: what has to be fetched is fetched
  /// after the present turn's replies have left.
  void seen(const CacheKey& key, Instant now) {
    if (followers_.wants(now)) note(key, now);
  }

private:
  void note(const CacheKey& key, Instant now);
  void fetch_followers();
  void fetch(Followers::QuestionHash question, Instant now);

  Fetcher& fetcher_;
  const FetcherContext& context_;
  Followers followers_;
  Followers::NameHash leader_ = 0;  // the name that leads now
  std::uint64_t clears_ = 0;        // value of Cache::clears() when last looked at
  Alarm led_;
};

}  // namespace tacet
