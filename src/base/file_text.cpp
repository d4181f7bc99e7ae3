#include "base/file_text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/descriptor.hpp"
#include "tacet/open_file.hpp"

namespace tacet {

int open_file(const std::string& path) { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); }

std::optional<std::string> text_of(int descriptor, std::size_t most) {
  constexpr std::size_t chunk = std::size_t{1} << 16;
  std::string text;
  while (text.size() < most) {
    const std::size_t begins = text.size();
    text.resize(begins + chunk);
    const ssize_t got = ::read(descriptor, text.data() + begins, chunk);
    if (got < 0 && errno != EINTR) return std::nullopt;
    text.resize(begins + static_cast<std::size_t>(got < 0 ? 0 : got));
    if (got == 0) break;
  }
  return text;
}

std::string file_text(const std::string& path) {
  const Descriptor file(open_file(path));
  return file ? text_of(file.get(), (std::size_t{1} << 20) + 1).value_or("") : "";
}

std::string reading_fault(int error) {
  if (error == EPIPE) return "the process that opens files for tacet has ended: restart tacet";
  return std::generic_category().message(error);
}

}  // namespace tacet
