#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ostream>
#include <vector>

#include "cli/ask/control_client.hpp"
#include "cli/ask/parsed_json.hpp"
#include "cli/ask/verbs.hpp"
#include "cli/words.hpp"

namespace tacet {
namespace {

/// The verdict on a kept answer, if there is one.
std::string security(const ParsedJson& entry) {
  const auto verdict = word(entry, "security");
  return verdict == "indeterminate" ? "" : ", " + verdict;
}

std::string kept(const ParsedJson& entries) {
  if (entries.empty()) return "cache     nothing\n";
  std::string text;
  for (const auto& entry : entries) {
    std::string clients = entry.at("dnssec_ok").get<bool>() ? "DO" : "";
    if (entry.at("checking_disabled").get<bool>()) clients += clients.empty() ? "CD" : " and CD";
    const auto state = word(entry, "state");
    const auto ttl = for_how_long(entry.at("ttl_seconds").get<double>());
    text += fmt::format("{:<9} {}, {} old, {}{}{}\n", text.empty() ? "cache" : "", word(entry, "rcode"),
                        for_how_long(entry.at("age_seconds").get<double>()),
                        state == "fresh" ? fmt::format("fresh for {} more", ttl) : state, security(entry),
                        clients.empty() ? "" : fmt::format(", for clients that set {}", clients));
  }
  return text;
}

std::string upstreams(const ParsedJson& services) {
  std::string text;
  for (const auto& service : services) {
    const auto time = service.at("typical_ms").is_null()
                          ? std::string("no times yet")
                          : fmt::format("typically {:.4g} ms", service.at("typical_ms").get<double>());
    text += fmt::format("{:<9} {} of {}: {}, {}, {}{}\n", text.empty() ? "upstreams" : "", word(service, "id"),
                        word(service, "operator"), word(service, "state"),
                        service.at("warm").get<bool>() ? "connected" : "not connected", time,
                        way_words(service.at("path")));
  }
  return text;
}

/// One link of the way from a trust anchor to the name.
std::string step(const ParsedJson& link) {
  const auto state = word(link, "state");
  std::string text = state == "no_zone"     ? "no zone begins here"
                     : state == "delegated" ? "signed, keys not known yet"
                                            : state;
  if (const auto tags = link.at("key_tags").get<std::vector<int>>(); !tags.empty())
    text += fmt::format(", key{} {}", tags.size() == 1 ? "" : "s", fmt::join(tags, ", "));
  if (!link.at("why").is_null()) text += fmt::format(" ({})", word(link, "why"));
  if (link.at("configured").get<bool>()) return text + ", by configuration";
  if (link.at("ends_in_seconds").is_null()) return text;
  return text + fmt::format(", for {} more", for_how_long(link.at("ends_in_seconds").get<double>()));
}

std::string chain(const ParsedJson& links) {
  std::string text;
  for (const auto& link : links)
    text += fmt::format("{:<9} {}: {}\n", text.empty() ? "dnssec" : "", word(link, "zone"), step(link));
  return text;
}

std::string text_of(const ParsedJson& explanation) {
  std::string text = fmt::format("{} {}  would be answered by: {}\n", word(explanation, "name"),
                                 word(explanation, "type"), word(explanation, "answered_by"));
  text += fmt::format("why       {}\n\n", word(explanation, "why"));
  const bool in_hosts = explanation.at("answered_by") == "hosts";
  text += fmt::format("hosts     {}{}\n", in_hosts ? "in " : "not in ",
                      word(explanation, "hosts_file", "a file: there is none"));
  const auto overridden = !explanation.at("zone").is_null() && !explanation.at("policy").is_null();
  text += fmt::format("policy    {}{}\n", word(explanation, "policy", "no rule of tacet's own"),
                      overridden ? "; the zone below wins" : "");
  text += fmt::format("zone      {}\n", word(explanation, "zone", "none of the local network (`forward`)"));
  text += kept(explanation.at("kept"));
  if (!explanation.at("recent_failure").is_null())
    text += fmt::format("failed    a moment ago: {}\n", word(explanation, "recent_failure"));
  return text + chain(explanation.at("chain")) + upstreams(explanation.at("upstreams"));
}

}  // namespace

int run_explain(const std::string& socket_path, const ExplainRequest& request, std::ostream& out, std::ostream& err) {
  ControlRequest control{.method = "GET", .path = "/explain", .parameters = {{"name", request.name}}};
  if (!request.type.empty()) control.parameters.emplace("type", request.type);
  return show(ask(socket_path, control), request.json, text_of, {out, err});
}

}  // namespace tacet
