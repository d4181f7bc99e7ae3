#pragma once
#include <string_view>

namespace tacet {

/// The octets of page.html. A mark such as <!--#upstreams--> stands where a part of page_html() goes.
std::string_view page_text();
/// What a Content-Security-Policy calls the page's style and its script: "sha256-…".
std::string_view page_style_hash();
std::string_view page_script_hash();

}  // namespace tacet
