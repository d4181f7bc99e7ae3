#include "control/http_site.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "report/json.hpp"

namespace tacet {
namespace {

constexpr std::string_view head_end = "\r\n\r\n";

std::string_view reason_of(int status) {
  constexpr std::pair<int, std::string_view> reasons[] = {{200, "OK"},
                                                          {400, "Bad Request"},
                                                          {403, "Forbidden"},
                                                          {404, "Not Found"},
                                                          {405, "Method Not Allowed"},
                                                          {409, "Conflict"},
                                                          {413, "Content Too Large"},
                                                          {431, "Request Header Fields Too Large"},
                                                          {500, "Internal Server Error"},
                                                          {503, "Service Unavailable"}};
  const auto found = std::ranges::find(reasons, status, &std::pair<int, std::string_view>::first);
  return found == std::end(reasons) ? "Unknown" : found->second;
}

/// True if a browser says that another site embeds what it asks for: an image, a script or a frame, but no link that a
/// person follows (Fetch Metadata).
bool is_embedded_elsewhere(const HttpRequest& request) {
  const auto value = [&](const char* name) {
    const auto found = request.fields.find(name);
    return found == request.fields.end() ? std::string_view() : std::string_view(found->second);
  };
  const std::string_view from = value("sec-fetch-site");
  return (from == "cross-site" || from == "same-site") && value("sec-fetch-dest") != "document";
}

/// A request that a web page caused has an Origin, or another Host than ours. Two Hosts are ambiguous (RFC 9112 §3.2).
bool is_foreign(const HttpSite& site, const HttpRequest& request) {
  const auto [first, last] = request.fields.equal_range("host");
  const bool named_otherwise = first != last && (std::next(first) != last || !site.is_ours(first->second));
  return named_otherwise || request.fields.contains("origin") || is_embedded_elsewhere(request);
}

bool has_body(const HttpRequest& request) {
  const auto length = request.fields.find("content-length");
  return request.fields.contains("transfer-encoding") || (length != request.fields.end() && length->second != "0");
}

/// The methods of a path, as in "GET, POST"; empty if there is no such path.
std::string methods_of(const HttpSite& site, const std::string& path) {
  std::string methods;
  for (const auto& [line, handler] : site.routes)
    if (line.ends_with(" " + path)) methods += (methods.empty() ? "" : ", ") + line.substr(0, line.find(' '));
  return methods;
}

/// Why there is no route.
HttpReply no_route(const HttpSite& site, const HttpRequest& request) {
  const std::string methods = methods_of(site, request.path);
  if (methods.empty()) return http_error(404, fmt::format("'{} {}' cannot be answered", request.method, request.path));
  HttpReply reply = http_error(405, fmt::format("'{}' has {} only", request.path, methods));
  reply.fields = fmt::format("Allow: {}\r\n", methods);
  return reply;
}

HttpReply reply_to(const HttpSite& site, const HttpRequest& request) {
  if (is_foreign(site, request)) return http_error(403, "requests of web pages are refused");
  if (has_body(request)) return http_error(413, "a request here has no body");
  const auto route = site.routes.find(request.method + " " + request.path);
  if (route == site.routes.end()) return no_route(site, request);
  try {
    return route->second(request);
  } catch (const std::bad_alloc&) {
    return http_error(503, "out of memory: try again later");
  }
}

std::string text_of(const HttpSite& site, const HttpReply& reply) {
  return fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}{}Connection: close\r\n\r\n{}",
                     reply.status, reason_of(reply.status), reply.type, reply.body.size(), reply.fields, site.fields,
                     reply.body);
}

}  // namespace

HttpReply http_error(int status, const std::string& words) { return {status, Json{{"error", words}}.dump() + "\n"}; }

std::optional<std::string> http_answer(const HttpSite& site, std::string_view octets) {
  const auto end = octets.substr(0, HttpSite::head_limit).find(head_end);
  if (end == std::string_view::npos && octets.size() < HttpSite::head_limit) return std::nullopt;
  if (end == std::string_view::npos)
    return text_of(site,
                   http_error(431, fmt::format("the head of a request has {} octets at most", HttpSite::head_limit)));
  const auto request = parse_http_request(octets.substr(0, end));
  return text_of(site, request ? reply_to(site, *request) : http_error(400, request.error().detail));
}

}  // namespace tacet
