#include "dnssec/record_texts.hpp"

#include <algorithm>
#include <utility>

namespace tacet {
namespace {

/// Adds the words of a line, and notes its brackets, which only group.
class RecordTextReader {
public:
  void take(std::string_view line) {
    ++line_;
    const std::size_t comment = std::min(line.find(';'), line.size());
    if (comment < line.size()) open_.comment = line.substr(comment + 1);
    for (std::size_t at = 0; at < comment;) at = take_one(line.substr(0, comment), at);
    if (depth_ <= 0) finish();
  }

  std::vector<RecordText> done() && {
    finish();
    return std::move(records_);
  }

private:
  std::size_t take_one(std::string_view line, std::size_t at) {
    constexpr std::string_view between = " \t\r()";
    const std::size_t end = std::min(line.find_first_of(between, at), line.size());
    if (end > at) {
      if (open_.words.empty()) open_.line = line_;
      open_.words.push_back(line.substr(at, end - at));
      return end;
    }
    depth_ += line[at] == '(' ? 1 : line[at] == ')' ? -1 : 0;
    return at + 1;
  }

  void finish() {
    depth_ = 0;
    RecordText read = std::exchange(open_, {});
    if (!read.words.empty() && !read.words.front().starts_with('$')) records_.push_back(std::move(read));
  }

  std::size_t line_ = 0;
  int depth_ = 0;
  RecordText open_;
  std::vector<RecordText> records_;
};

}  // namespace

std::vector<RecordText> record_texts(std::string_view text) {
  RecordTextReader reader;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    reader.take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::move(reader).done();
}

}  // namespace tacet
