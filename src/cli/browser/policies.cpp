#include "cli/browser/policies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tacet {
namespace {

/// Members keep their order, so that a merged file looks like the old one.
using Policies = nlohmann::ordered_json;

/// Equal but for the order of members.
bool same(const Policies& a, const Policies& b) { return nlohmann::json(a) == nlohmann::json(b); }

Result<Policies> read_object(const std::string& text) {
  auto read = Policies::parse(text, nullptr, false);
  if (!read.is_object()) return fail(Fault::malformed, "is no JSON object");
  return read;
}

Policies chromium_object(const std::string& authority) {
  // As in the certificate: without a permitted name, which cannot exist, all names would be permitted.
  const Policies constraints{{"permitted_dns_names", Policies::array({"invalid"})},
                             {"permitted_cidrs", {"127.0.0.1/32", "::1/128"}}};
  return {
      {"DnsOverHttpsMode", "secure"},
      {"DnsOverHttpsTemplates", fmt::format("{}{{?dns}}", browser_url)},
      {"CACertificatesWithConstraints", Policies::array({{{"certificate", authority}, {"constraints", constraints}}})}};
}

Policies dns_over_https() {
  return {{"Enabled", true}, {"ProviderURL", browser_url}, {"Fallback", false}, {"Locked", true}};
}

/// The object under `key`, made if it is missing. Null if something else is there.
Policies* object_in(Policies& parent, const char* key) {
  if (!parent.contains(key)) parent[key] = Policies::object();
  auto& found = parent[key];
  return found.is_object() ? &found : nullptr;
}

}  // namespace

std::string chromium_policy(const std::string& authority) { return chromium_object(authority).dump(2) + "\n"; }

Result<std::vector<std::string>> shared_policy_keys(const std::string& text) {
  const auto theirs = read_object(text);
  if (!theirs) return fail(theirs.error());
  std::vector<std::string> shared;
  const auto ours = chromium_object({});
  for (const auto& [key, value] : ours.items())
    if (theirs->contains(key)) shared.push_back(key);
  return shared;
}

bool is_chromium_policy(const std::string& text, const std::string& authority) {
  const auto read = read_object(text);
  if (!read) return false;
  const auto ours = chromium_object(authority);
  return std::ranges::all_of(ours.items(), [&](const auto& wanted) {
    return read->contains(wanted.key()) && same(read->at(wanted.key()), wanted.value());
  });
}

Result<std::string> firefox_policies(const std::string& text, const std::string& authority_file) {
  auto merged = text.empty() ? Policies(Policies::object()) : Policies();
  if (!text.empty()) {
    auto read = read_object(text);
    if (!read) return fail(read.error());
    merged = *std::move(read);
  }
  auto* policies = object_in(merged, "policies");
  if (policies == nullptr) return fail(Fault::malformed, "has no object \"policies\"");
  if (policies->contains("DNSOverHTTPS") && !same(policies->at("DNSOverHTTPS"), dns_over_https()))
    return fail(Fault::refused, "has settings for DNSOverHTTPS already");
  (*policies)["DNSOverHTTPS"] = dns_over_https();
  auto* certificates = object_in(*policies, "Certificates");  // last: each new member may move the others
  if (certificates == nullptr) return fail(Fault::malformed, "has no object Certificates");
  auto& installed = (*certificates)["Install"];
  if (installed.is_null()) installed = Policies::array();
  if (!installed.is_array()) return fail(Fault::malformed, "has no list in Certificates.Install");
  if (std::ranges::find(installed, Policies(authority_file)) == installed.end()) installed.push_back(authority_file);
  return merged.dump(2) + "\n";
}

bool is_firefox_policies(const std::string& text) {
  const auto read = read_object(text);
  if (!read) return false;
  const auto found = read->value(Policies::json_pointer("/policies/DNSOverHTTPS"), Policies());
  return same(found, dns_over_https());
}

}  // namespace tacet
