#pragma once
#include <string>
#include <string_view>

namespace tacet {

/// Whether the `hosts` line of an nsswitch.conf has programs ask systemd-resolved itself (libnss-resolve), past
/// /etc/resolv.conf.
bool names_resolve_module(std::string_view nsswitch);

/// Whether programs of the system below `root` may ask systemd-resolved without reading /etc/resolv.conf: it runs, so
/// that whoever uses D-Bus or libnss-resolve reaches it; or it will, and nsswitch.conf sends them there.
bool resolved_is_in_use(const std::string& root);

}  // namespace tacet
