#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "control/control_socket.hpp"
#include "control/reload_outcome.hpp"
#include "privacy/exposure_report.hpp"
#include "report/snapshot.hpp"
#include "resolve/answer_explanation.hpp"
#include "resolve/cache/cache_report.hpp"
#include "tacet/config.hpp"
#include "tacet/name.hpp"
#include "tacet/result.hpp"

namespace tacet {

struct HttpSite;

/// What the control socket can ask of the server. Called on the control thread, one call at a time; each may wait for
/// workers, but not for ever. A fault becomes the client's message.
struct ControlHandlers {
  std::function<Result<Snapshot>()> status;
  std::function<Result<std::size_t>(const CacheScope&)> flush;  ///< how many answers were forgotten
  std::function<Result<CacheReport>(const CacheScope&)> cache;
  std::function<Result<AnswerExplanation>(const Question&)> explain_question;
  std::function<Result<ExposureReport>()> exposure;
  std::function<Result<std::size_t>()> forget_names;  ///< of the exposure ledger; how many
  std::function<Result<ExposureExplanation>(const Name&)> explain;
  std::function<void(LogLevel)> set_log_level;  ///< until the next change, or the end
  std::function<ReloadOutcome()> reload;
};

/// The one channel into a running tacet: HTTP and JSON over a Unix socket, on a thread of its own. A verb is a route:
///   GET /status                          status_json() of the snapshot and the exposure
///   GET /metrics                         prometheus_text() of the snapshot and the exposure; no JSON
///   GET /cache[?name=NAME|?below=NAME]   cache_json() of the report
///   GET /explain?name=NAME[&type=TYPE]   explain_json() of the question
///   POST /flush[?name=NAME|?below=NAME]  {"flushed": n}
///   GET /exposure                        exposure_json() of the report
///   POST /exposure/clear                 {"forgotten": n}
///   POST /log-level?level=LEVEL          {"log_level": "debug"}
///   GET /exposure/explain?name=NAME      exposure_explanation_json() of the name
///   POST /reload                         {"changed": ["cache"], "forgotten": n, "summary": "words"}; if refused, the
///                                        error has a line for each fault
/// Whatever fails is answered by {"error": "words"} and an HTTP status of 400 or more. Requests that a browser could
/// have been tricked into (with an Origin, or for a host other than localhost) are refused.
class Control {
public:
  /// Starts the thread, which serves whoever connects to the socket. Fault::system.
  static Result<std::unique_ptr<Control>> create(ControlSocket socket, ControlHandlers handlers);
  /// stop().
  ~Control();

  /// Ends the thread and removes the socket. Returns promptly, unless a handler does not. Whoever the handlers wait for
  /// must still be running. Further calls do nothing.
  void stop();

private:
  class State;
  explicit Control(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// What Control does with a client's octets, without the socket and the thread.
class ControlRouter {
public:
  explicit ControlRouter(ControlHandlers handlers);
  ~ControlRouter();
  ControlRouter(const ControlRouter&) = delete;
  ControlRouter& operator=(const ControlRouter&) = delete;

  /// What a client gets that sends `request` and then nothing more; empty if it is hung up on without a word.
  std::string answer(std::string_view request);

private:
  std::unique_ptr<const HttpSite> site_;
};

}  // namespace tacet
