#pragma once
#include <string>
#include <string_view>

namespace tacet {

/// The browsers that ask this server over HTTPS by a setting of their own, such as "Firefox"; empty for any other name.
/// `wire_name` is in wire form, lower case. A browser looks the name up before it asks the server, and then its further
/// questions go past us.
std::string_view browsers_of_server(const std::string& wire_name);

}  // namespace tacet
