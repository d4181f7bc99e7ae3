#pragma once
#include <string>

#include "report/page/page.hpp"

namespace tacet {

/// The parts of the page, as HTML.
std::string summary_section(const PageView& view);
std::string names_section(const PageView& view);  ///< empty unless the view has names
std::string figures_section(const PageView& view);
std::string hours_section(const PageView& view);  ///< rows of a table, one for each hour
std::string upstreams_section(const PageView& view);
std::string zones_section(const PageView& view);
std::string exposure_section(const PageView& view);
std::string validation_section(const PageView& view);
std::string times_section(const PageView& view);  ///< rows of a table
std::string machine_section(const PageView& view);

}  // namespace tacet
