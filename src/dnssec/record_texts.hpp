#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

namespace tacet {

/// One record of a text in presentation form (RFC 1035 §5.1): its words, which brackets hold together over several
/// lines, and the comment at its end.
struct RecordText {
  std::size_t line = 0;  ///< where it begins, from 1
  std::vector<std::string_view> words;
  std::string_view comment;  ///< of its last line, without ";"
};

/// The records of a text, which must outlive them. Directives such as $TTL are left out.
std::vector<RecordText> record_texts(std::string_view text);

}  // namespace tacet
