#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "doctor/finding.hpp"

namespace tacet {

/// The settings of a browser's profile that decide whom it asks for names, after the administrator's policies.
struct BrowserProfile {
  std::string browser;     ///< "Chromium"
  std::string profile;     ///< its path; empty: what a new profile has
  std::string server;      ///< the DNS server that it asks by itself, over HTTPS: a URL; empty: it asks the system
  bool by_policy = false;  ///< a policy says so
  /// It asks the system for HTTPS records, too, and so gets the keys of ECH.
  bool asks_system_for_keys = false;
  bool uses_ech = true;  ///< it would use the keys if it had them
};

/// Where a browser's questions go, and whether sites' names stay out of its greetings.
enum class BrowserWay : std::uint8_t {
  past_tacet,   ///< it asks a server of its own
  without_ech,  ///< it asks tacet, and shows the names of sites in clear
  with_ech,     ///< it asks tacet, and uses ECH where a site has it
};
/// The way of a profile.
BrowserWay way_of(const BrowserProfile& profile);

/// `host.browser`: one finding for each profile.
std::vector<Finding> judge_browsers(const std::vector<BrowserProfile>& profiles);

}  // namespace tacet
