#pragma once
#include <optional>
#include <string_view>

#include "dns/answer_image.hpp"
#include "tacet/config.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// Why this machine answers a question itself.
struct LocalRule {
  Name zone;                ///< the special name, or the root for a rule about all names of one label
  std::string_view reason;  ///< a clause such as "is reserved for testing (RFC 6761)"
};

/// Names that this machine answers and that never leave it: special-use names (RFC 6761, 6762, 7686, 8375, 9462, 9476,
/// .internal), the reverse zones of private addresses (RFC 6303), the canary of browsers, and host names of one label.
class Policy {
public:
  /// `nsid`: the name of this server; empty: it has none to tell.
  explicit Policy(const Config& config, std::string nsid = {})
      : answer_chaos_(config.answer_chaos),
        nsid_(std::move(nsid)) {}

  /// The kind of client, as far as it matters here: a validator sets DO or CD, and needs the root's signed answer about
  /// a name of one label.
  enum class Client : std::uint8_t { plain, validator };

  /// The answer to a question that this machine answers; nothing if the cache and the upstreams must answer.
  std::optional<AnswerImage> local_answer(const Question& question, Client client = Client::plain) const;

  /// The rule by which local_answer answers a plain client, or nothing if it does not.
  std::optional<LocalRule> rule_for(const Question& question) const;

  /// A quick check that is false for most questions that local_answer() will not answer.
  bool might_answer(Bytes qname, Type type, Class qclass) const;

private:
  bool answer_chaos_;
  std::string nsid_;
};

}  // namespace tacet
