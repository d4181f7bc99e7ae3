#pragma once
#include <string>
#include <vector>

#include "doctor/browser_checks.hpp"

namespace tacet {

/// What a browser of Chromium's family does, from the policy files of this machine and the profile's `Local State`, all
/// JSON. A text that cannot be read says nothing.
BrowserProfile chromium_settings(const std::vector<std::string>& policies, const std::string& local_state);

/// What Firefox does, from policies.json and the profile's prefs.js with user.js behind it.
BrowserProfile firefox_settings(const std::string& policies, const std::string& preferences);

/// The profiles of all browsers on this machine that this user may read, and one for each browser without a profile.
std::vector<BrowserProfile> browser_profiles();

}  // namespace tacet
