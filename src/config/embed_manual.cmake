# Writes OUT, a source file with the text of MANUAL: cmake -DMANUAL=… -DOUT=… -P embed_manual.cmake
file(READ ${MANUAL} text)
file(CONFIGURE OUTPUT ${OUT} @ONLY CONTENT [[
#include "config/manual.hpp"

std::string_view tacet::manual_page() {
  return R"troff(@text@)troff";
}
]])
