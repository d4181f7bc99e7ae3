#include "cli/browser/browsers.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <system_error>

namespace tacet {
namespace {

using enum PolicyKind;

constexpr std::string_view chromium_policies = "/etc/chromium/policies/managed";
/// Ubuntu's package and the Snap have this folder.
constexpr std::string_view chromium_browser_policies = "/etc/chromium-browser/policies/managed";
constexpr std::string_view firefox_policies = "/etc/firefox/policies";

constexpr std::array known{
    Browser{"Chromium", chromium, "/usr/bin/chromium", chromium_policies},
    Browser{"Chromium (chromium-browser)", chromium, "/usr/lib/chromium-browser", chromium_browser_policies},
    Browser{"Chrome", chromium, "/opt/google/chrome", "/etc/opt/chrome/policies/managed"},
    Browser{"Brave", chromium, "/opt/brave.com/brave", "/etc/brave/policies/managed"},
    Browser{"Edge", chromium, "/opt/microsoft/msedge", "/etc/opt/edge/policies/managed"},
    Browser{"Vivaldi", chromium, "/opt/vivaldi", "/etc/vivaldi/policies/managed"},
    Browser{"Firefox ESR", firefox, "/usr/lib/firefox-esr", firefox_policies},
    Browser{"Firefox", firefox, "/usr/lib/firefox", firefox_policies},
    Browser{"Chromium (Snap)", chromium, "/snap/chromium", chromium_browser_policies},
    Browser{"Firefox (Snap)", firefox, "/snap/firefox", firefox_policies},
    Browser{"Brave (Snap)", unknown, "/snap/brave", {}},
    Browser{"Chromium (Flatpak)", unknown, "/var/lib/flatpak/app/org.chromium.Chromium", {}},
    Browser{"Ungoogled Chromium (Flatpak)",
            unknown,
            "/var/lib/flatpak/app/io.github.ungoogled_software.ungoogled_chromium",
            {}},
    Browser{"Chrome (Flatpak)", unknown, "/var/lib/flatpak/app/com.google.Chrome", {}},
    Browser{"Brave (Flatpak)", unknown, "/var/lib/flatpak/app/com.brave.Browser", {}},
    Browser{"Edge (Flatpak)", unknown, "/var/lib/flatpak/app/com.microsoft.Edge", {}},
    Browser{"Vivaldi (Flatpak)", unknown, "/var/lib/flatpak/app/com.vivaldi.Vivaldi", {}},
    Browser{"Firefox (Flatpak)", unknown, "/var/lib/flatpak/app/org.mozilla.firefox", {}},
};

}  // namespace

std::vector<Browser> find_browsers(const std::string& root) {
  std::vector<Browser> found;
  std::ranges::copy_if(known, std::back_inserter(found), [&](const Browser& browser) {
    std::error_code absent;
    return std::filesystem::exists(root + std::string(browser.program), absent);
  });
  return found;
}

}  // namespace tacet
