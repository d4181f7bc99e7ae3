#include "control/control.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "report/cache_json.hpp"
#include "report/explain_json.hpp"
#include "report/exposure_json.hpp"
#include "report/json.hpp"
#include "report/prometheus.hpp"
#include "report/status_json.hpp"

namespace tacet {
namespace {

constexpr Duration patience = std::chrono::seconds(10);

HttpReply json_reply(std::string text) { return {.body = std::move(text) + "\n"}; }

/// The handler's result, or its fault as an answer.
template <class T, class Write>
HttpReply reply_with(const Result<T>& result, Write write) {
  if (!result) return http_error(503, result.error().detail);
  return json_reply(write(*result));
}

std::string count_json(std::string_view key, std::size_t count) { return Json{{key, count}}.dump(); }

Result<Name> name_in(const std::string& text) {
  auto name = Name::from_text(text);
  if (!name) return fail(Fault::malformed, fmt::format("'{}' is no domain name: {}", text, name.error().detail));
  return name;
}

Result<CacheScope> scope_in(const HttpRequest& request) {
  const bool one = request.has("name");
  const bool below = request.has("below");
  if (one && below) return fail(Fault::malformed, "name and below exclude each other");
  if (request.parameters.size() > (one || below ? 1U : 0U))
    return fail(Fault::malformed, "give name or below once, and nothing else");
  if (!one && !below) return CacheScope{};
  const auto name = name_in(request.get(one ? "name" : "below"));
  if (!name) return fail(name.error());
  return CacheScope{*name, one ? Cache::Reach::name_only : Cache::Reach::with_descendants};
}

Result<Question> question_in(const HttpRequest& request) {
  const auto name = name_in(request.get("name"));
  if (!name) return fail(name.error());
  const auto word = request.has("type") ? request.get("type") : "A";
  const auto type = type_from_text(word);
  if (!type) return fail(Fault::malformed, fmt::format("'{}' is no record type", word));
  return Question{*name, *type, Class::in};
}

/// The snapshot and the exposure, as one text.
template <class Write>
HttpReply overview(const ControlHandlers& handlers, Write write) {
  const auto snapshot = handlers.status();
  if (!snapshot) return http_error(503, snapshot.error().detail);
  const auto report = handlers.exposure();
  if (!report) return http_error(503, report.error().detail);
  return write(*snapshot, *report);
}

HttpReply status(const ControlHandlers& handlers) {
  return overview(handlers,
                  [](const auto& snapshot, const auto& report) { return json_reply(status_json(snapshot, report)); });
}

HttpReply metrics(const ControlHandlers& handlers) {
  return overview(handlers, [](const auto& snapshot, const auto& report) {
    return HttpReply{200, prometheus_text(snapshot, report), prometheus_type};
  });
}

HttpReply cache(const ControlHandlers& handlers, const HttpRequest& request) {
  const auto scope = scope_in(request);
  if (!scope) return http_error(400, scope.error().detail);
  return reply_with(handlers.cache(*scope), cache_json);
}

HttpReply explain_question(const ControlHandlers& handlers, const HttpRequest& request) {
  const auto question = question_in(request);
  if (!question) return http_error(400, question.error().detail);
  return reply_with(handlers.explain_question(*question), explain_json);
}

HttpReply flush(const ControlHandlers& handlers, const HttpRequest& request) {
  const auto scope = scope_in(request);
  if (!scope) return http_error(400, scope.error().detail);
  return reply_with(handlers.flush(*scope), [](std::size_t count) { return count_json("flushed", count); });
}

HttpReply explain(const ControlHandlers& handlers, const HttpRequest& request) {
  const auto name = name_in(request.get("name"));
  if (!name) return http_error(400, name.error().detail);
  return reply_with(handlers.explain(*name), exposure_explanation_json);
}

HttpReply set_log_level(const ControlHandlers& handlers, const HttpRequest& request) {
  const auto word = request.get("level");
  const auto level = log::level_from_text(word);
  if (!level)
    return http_error(400, fmt::format("'{}' is no log level, allowed: {}", word, fmt::join(log_level_words, ", ")));
  handlers.set_log_level(*level);
  return json_reply(Json{{"log_level", log::to_string(*level)}}.dump());
}

HttpReply reload(const ControlHandlers& handlers) {
  const auto reloaded = handlers.reload();
  if (!reloaded) {
    const auto faults = fmt::format("{}", fmt::join(reloaded.error(), "\n"));
    return http_error(409, "the configuration is refused, and the former one stays in use:\n" + faults);
  }
  const Json json{
      {"changed", reloaded->changed}, {"forgotten", reloaded->forgotten}, {"summary", to_string(*reloaded)}};
  return json_reply(json.dump());
}

/// No browser reaches a Unix socket by itself. But if a user forwards it to a TCP port, web pages must not reach it.
}  // namespace

HttpSite control_site(ControlHandlers given) {
  HttpSite site{
      .routes = {}, .is_ours = [](std::string_view host) { return host == "localhost"; }, .patience = patience};
  const auto handlers = std::make_shared<const ControlHandlers>(std::move(given));
  auto& routes = site.routes;
  routes["GET /status"] = [handlers](const HttpRequest&) { return status(*handlers); };
  routes["GET /metrics"] = [handlers](const HttpRequest&) { return metrics(*handlers); };
  routes["GET /cache"] = [handlers](const HttpRequest& request) { return cache(*handlers, request); };
  routes["GET /explain"] = [handlers](const HttpRequest& request) { return explain_question(*handlers, request); };
  routes["POST /flush"] = [handlers](const HttpRequest& request) { return flush(*handlers, request); };
  routes["POST /log-level"] = [handlers](const HttpRequest& request) { return set_log_level(*handlers, request); };
  routes["POST /reload"] = [handlers](const HttpRequest&) { return reload(*handlers); };
  routes["GET /exposure"] = [handlers](const HttpRequest&) { return reply_with(handlers->exposure(), exposure_json); };
  routes["POST /exposure/clear"] = [handlers](const HttpRequest&) {
    return reply_with(handlers->forget_names(), [](std::size_t count) { return count_json("forgotten", count); });
  };
  routes["POST /page/names"] = [handlers](const HttpRequest&) {
    return reply_with(handlers->page_with_names(), [](const std::string& page) { return Json{{"page", page}}.dump(); });
  };
  routes["GET /exposure/explain"] = [handlers](const HttpRequest& request) { return explain(*handlers, request); };
  return site;
}

Result<std::unique_ptr<Control>> Control::create(ControlSocket socket, ControlHandlers handlers) {
  std::unique_ptr<Control> control(new Control(std::move(socket)));
  auto server = HttpServer::create(control->socket_->get(), control_site(std::move(handlers)));
  if (!server) return fail(server.error());
  control->server_ = *std::move(server);
  return control;
}

}  // namespace tacet
