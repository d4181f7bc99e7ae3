#pragma once
#include <string>
#include <string_view>

namespace tacet {

/// True if the `hosts` line of an nsswitch.conf makes programs ask systemd-resolved (libnss-resolve) without
/// /etc/resolv.conf.
bool names_resolve_module(std::string_view nsswitch);

/// True if programs of the system below `root` may ask systemd-resolved without /etc/resolv.conf: it runs, and D-Bus or
/// libnss-resolve reaches it; or it will run, and nsswitch.conf names it.
bool resolved_is_in_use(const std::string& root);

}  // namespace tacet
