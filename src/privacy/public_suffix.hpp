#pragma once
#include <string>

namespace tacet {

/// The domain that one owner registered: "example.co.uk" for "www.example.co.uk" (both without a dot at the end, in
/// lower case). The name itself if it is a public suffix or has one label.
std::string registrable_domain(const std::string& name);

/// "libpsl 0.21.2 …" as loaded.
std::string public_suffix_library_version();

}  // namespace tacet
