#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "control/control_socket.hpp"
#include "control/http_server.hpp"
#include "control/reload_outcome.hpp"
#include "privacy/exposure_report.hpp"
#include "report/snapshot.hpp"
#include "resolve/answer_explanation.hpp"
#include "resolve/cache/cache_report.hpp"
#include "tacet/config.hpp"
#include "tacet/name.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The server's functions behind the control socket. The control thread calls them one at a time. Each may wait for
/// workers, but not for ever. A fault becomes the client's message.
struct ControlHandlers {
  std::function<Result<Snapshot>()> status;
  std::function<Result<std::size_t>(const CacheScope&)> flush;  ///< returns the number of forgotten answers
  std::function<Result<CacheReport>(const CacheScope&)> cache;
  std::function<Result<AnswerExplanation>(const Question&)> explain_question;
  std::function<Result<ExposureReport>()> exposure;
  std::function<Result<std::string>()> page_with_names;  ///< returns its address, with a new pass (PagePasses)
  std::function<Result<std::size_t>()> forget_names;     ///< empties the exposure ledger; returns the number
  std::function<Result<ExposureExplanation>(const Name&)> explain;
  std::function<void(LogLevel)> set_log_level;  ///< until the next change, or the end
  std::function<ReloadOutcome()> reload;
};

/// The one channel into a running tacet: HTTP and JSON over a Unix socket, on a thread of its own. A verb is a route:
///
/// - GET /status: status_json() of the snapshot and the exposure
/// - GET /metrics: prometheus_text() of the snapshot and the exposure; no JSON
/// - GET /cache[?name=NAME|?below=NAME]: cache_json() of the report
/// - GET /explain?name=NAME[&type=TYPE]: explain_json() of the question
/// - POST /flush[?name=NAME|?below=NAME]: {"flushed": n}
/// - GET /exposure: exposure_json() of the report
/// - POST /exposure/clear: {"forgotten": n}
/// - GET /exposure/explain?name=NAME: exposure_explanation_json() of the name
/// - POST /log-level?level=LEVEL: {"log_level": "debug"}
/// - POST /page/names: {"page": "http://127.0.0.1:9153/names?pass=…"}
/// - POST /reload: {"changed": ["cache"], "forgotten": n, "summary": "words"}; a refusal's error has a line for each
///   fault
///
/// The answer to a failed request is {"error": "words"} with an HTTP status of 400 or more. It refuses requests that a
/// web page may have caused (with an Origin, or for a host other than localhost).
class Control {
public:
  /// Starts the thread, which serves the socket's clients. Fault::system.
  static Result<std::unique_ptr<Control>> create(ControlSocket socket, ControlHandlers handlers);
  /// Ends the thread and removes the socket. Returns promptly, unless a handler does not. The workers must still run,
  /// because a handler may wait for them. Further calls do nothing.
  void stop() {
    server_.reset();
    socket_.reset();
  }

private:
  explicit Control(ControlSocket socket) : socket_(std::move(socket)) {}

  std::optional<ControlSocket> socket_;  // outlives the thread; then its file goes
  std::unique_ptr<HttpServer> server_;
};

/// Control's answers without the socket and the thread.
HttpSite control_site(ControlHandlers handlers);

}  // namespace tacet
