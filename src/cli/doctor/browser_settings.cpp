#include "cli/doctor/browser_settings.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <regex>

namespace tacet {
namespace {

using BrowserJson = nlohmann::json;

BrowserJson read(const std::string& text) {
  auto parsed = BrowserJson::parse(text, nullptr, false);
  return parsed.is_object() ? parsed : BrowserJson::object();
}

std::optional<std::string> text_at(const BrowserJson& settings, const char* pointer) {
  const BrowserJson::json_pointer place(pointer);
  if (!settings.contains(place) || !settings.at(place).is_string()) return std::nullopt;
  return settings.at(place).get<std::string>();
}

/// The first of the templates, which a space separates.
std::string first_of(const std::string& templates) { return templates.substr(0, templates.find(' ')); }

/// The value of `user_pref("name", value);`, without quotes. The last line counts.
std::optional<std::string> preference(const std::string& text, const std::string& name) {
  const std::regex line("user_pref\\(\"" + std::regex_replace(name, std::regex("\\."), "\\.") +
                        "\", *\"?([^\"\\)]*)\"?\\);");
  std::optional<std::string> value;
  for (auto each = std::sregex_iterator(text.begin(), text.end(), line); each != std::sregex_iterator(); ++each)
    value = (*each)[1];
  return value;
}

/// Firefox's own DNS over HTTPS: "2" is first its server, then the system; "3" is its server alone.
bool is_trr(const std::optional<std::string>& mode) { return mode == "2" || mode == "3"; }

constexpr auto firefox_provider = "https://mozilla.cloudflare-dns.com/dns-query";

std::string firefox_server(const std::string& preferences) {
  const auto mode = preference(preferences, "network.trr.mode");
  if (mode && mode != "0") {
    if (!is_trr(mode)) return {};
    auto own = preference(preferences, "network.trr.custom_uri");
    if (!own || own->empty()) own = preference(preferences, "network.trr.uri");
    return own && !own->empty() ? *own : firefox_provider;
  }
  // Mozilla turns it on by itself in some countries.
  if (!is_trr(preference(preferences, "doh-rollout.mode"))) return {};
  return preference(preferences, "doh-rollout.uri").value_or(firefox_provider);
}

}  // namespace

BrowserProfile chromium_settings(const std::vector<std::string>& policies, const std::string& local_state) {
  BrowserProfile profile;
  const BrowserJson state = read(local_state);
  auto mode = text_at(state, "/dns_over_https/mode");
  auto servers = text_at(state, "/dns_over_https/templates");
  for (const auto& text : policies) {
    const BrowserJson policy = read(text);
    if (const auto said = text_at(policy, "/DnsOverHttpsMode")) mode = said, profile.by_policy = true;
    if (const auto said = text_at(policy, "/DnsOverHttpsTemplates")) servers = said;
    if (policy.contains("EncryptedClientHelloEnabled") && policy.at("EncryptedClientHelloEnabled") == false)
      profile.uses_ech = false;
  }
  const bool asks_by_itself = mode == "secure" || mode == "automatic" || !mode;
  if (asks_by_itself && servers) profile.server = first_of(*servers);
  return profile;
}

BrowserProfile firefox_settings(const std::string& policies, const std::string& preferences) {
  BrowserProfile profile{.asks_system_for_keys = preference(preferences, "network.dns.native_https_query") != "false",
                         .uses_ech = preference(preferences, "network.dns.echconfig.enabled") != "false"};
  profile.server = firefox_server(preferences);
  const BrowserJson read_policies = read(policies);
  const BrowserJson::json_pointer over_https("/policies/DNSOverHTTPS"), no_ech("/policies/DisableEncryptedClientHello");
  if (read_policies.contains(no_ech) && read_policies.at(no_ech) == true) profile.uses_ech = false;
  if (!read_policies.contains(over_https) || !read_policies.at(over_https).is_object()) return profile;
  const BrowserJson& policy = read_policies.at(over_https);
  if (!policy.contains("Enabled")) return profile;
  profile.by_policy = true;
  profile.server.clear();
  if (policy.at("Enabled") == true) profile.server = text_at(policy, "/ProviderURL").value_or(firefox_provider);
  return profile;
}

}  // namespace tacet
