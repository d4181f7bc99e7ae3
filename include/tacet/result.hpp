#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace tacet {

/// Why something failed, grouped by what the reader can do about it.
enum class Fault : std::uint8_t {
  malformed,       ///< The bytes are not what their format demands: fix or distrust the sender.
  unsupported,     ///< Well-formed, but asks for something that this build or protocol does not do.
  refused,         ///< Policy says no: change the policy or ask something else.
  timeout,         ///< Nobody answered in time: the path or the peer is slow or silent.
  unreachable,     ///< No connection could be made: no route, refused, or reset.
  no_network,      ///< This machine has no route to anywhere: wait for the network.
  tls_untrusted,   ///< The peer could not prove its identity: certificate, name or trust store.
  protocol,        ///< The peer broke its protocol (HTTP status, TLS alert, framing): try another.
  mismatched,      ///< An answer that does not belong to its question: distrust and ask elsewhere.
  overloaded,      ///< A limit of ours is reached: retry later or raise the limit.
  invalid_config,  ///< The configuration cannot be used; the detail says where and what is allowed.
  in_use,          ///< Another process holds a resource of the machine (an address, a file).
  system,          ///< The operating system refused a call; the detail carries its words.
  cancelled,       ///< We are stopping.
  unproven,        ///< Something that a proof (DNSSEC) needs cannot be had: repeat the question later.
};

/// The name of a fault as it appears in logs and JSON: "tls_untrusted".
std::string_view to_string(Fault fault);

/// A failure: the fault decides what happens next, the detail is for people and is never parsed.
struct Error {
  Fault fault;
  std::string detail;
};

template <class T>
using Result = std::expected<T, Error>;

/// The error side of a Result: `return fail(Fault::timeout, "no answer in 4.5 s")`.
inline std::unexpected<Error> fail(Fault fault, std::string detail = {}) {
  return std::unexpected(Error{fault, std::move(detail)});
}
/// The same with the error of another Result: `return fail(read.error())`.
inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

}  // namespace tacet
