#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tacet/result.hpp"

namespace tacet {

/// Where the browsers of this machine reach tacet.
inline constexpr std::string_view browser_address = "127.0.0.1:8453";
inline constexpr std::string_view browser_url = "https://127.0.0.1:8453/dns-query";

/// The text of our file in a policy folder of Chromium's family: DNS over HTTPS from tacet and from nobody else, and
/// the authority that vouches for it, on 127.0.0.1 and ::1 only. `authority` is a certificate, DER in base64.
std::string chromium_policy(const std::string& authority);

/// The keys of chromium_policy() that another file of the same folder sets, too: browsers do not say which file wins.
/// Fault: malformed (`text` is no JSON object).
Result<std::vector<std::string>> shared_policy_keys(const std::string& text);

/// True if `text` is a policy file that sends Chromium's DNS to tacet, and trusts this authority.
bool is_chromium_policy(const std::string& text, const std::string& authority);

/// Firefox's policies.json with what ours needs: DNS over HTTPS from tacet and from nobody else, and the authority in
/// the file at `authority_file`. Keeps everything else of `text`, which may be empty. Faults: malformed (`text` is no
/// JSON object), refused (it has settings of its own for DNSOverHTTPS).
Result<std::string> firefox_policies(const std::string& text, const std::string& authority_file);

/// True if `text` is a policies.json that sends Firefox' DNS to tacet.
bool is_firefox_policies(const std::string& text);

}  // namespace tacet
