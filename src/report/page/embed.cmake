# Makes C++ of the page: cmake -DPAGE=page.html -DOUT=page_text.cpp -P embed.cmake
# The policy names the one style and the one script by their hashes (CSP level 3 §2.3.1), so nothing else can run.
file(READ ${PAGE} page)

function(base64_of hex result)
  set(alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  set(out "")
  string(APPEND hex "00") # 32 octets are 42 letters and 4 bits, which are padded to a letter
  foreach(at RANGE 0 63 3)
    string(SUBSTRING ${hex} ${at} 3 digits)
    math(EXPR high "0x${digits} >> 6")
    math(EXPR low "0x${digits} & 63")
    foreach(value ${high} ${low})
      string(SUBSTRING ${alphabet} ${value} 1 letter)
      string(APPEND out ${letter})
    endforeach()
  endforeach()
  string(SUBSTRING ${out} 0 43 out)
  set(${result} "${out}=" PARENT_SCOPE)
endfunction()

function(hash_of element result)
  string(FIND "${page}" "<${element}>" begin)
  string(FIND "${page}" "</${element}>" end)
  if(begin EQUAL -1 OR end LESS begin)
    message(FATAL_ERROR "${PAGE} has no <${element}>")
  endif()
  string(LENGTH "<${element}>" size)
  math(EXPR begin "${begin} + ${size}")
  math(EXPR size "${end} - ${begin}")
  string(SUBSTRING "${page}" ${begin} ${size} content)
  string(SHA256 hex "${content}")
  base64_of(${hex} hash)
  set(${result} "sha256-${hash}" PARENT_SCOPE)
endfunction()

hash_of(style style)
hash_of(script script)
file(WRITE ${OUT} "// Made from page.html by embed.cmake.
#include \"report/page/page_text.hpp\"

namespace tacet {

std::string_view page_text() { return R\"PAGE(${page})PAGE\"; }
std::string_view page_style_hash() { return \"${style}\"; }
std::string_view page_script_hash() { return \"${script}\"; }

}  // namespace tacet
")
