#include "config/load.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

#include "base/descriptor.hpp"
#include "base/file_text.hpp"
#include "config/idn.hpp"
#include "config/yaml.hpp"

namespace tacet {
namespace {

/// One octet more than the limit, so parse_document() sees that the file is too large, even if it is endless.
constexpr std::size_t most_octets = (1U << 20) + 1;

/// A configuration may come through a pipe; then this waits for it.
int open_and_wait(const std::string& path) { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }

}  // namespace

std::expected<Config, std::vector<ConfigFault>> load_config(const std::string& path, const OpenFile& open) {
  const Descriptor file(open ? open(path) : open_and_wait(path));
  const auto text = file ? text_of(file.get(), most_octets) : std::nullopt;
  if (text) return read_config(*text, path);
  const int error = errno;
  const std::string advice = error == EACCES
                                 ? fmt::format(
                                       ": run this as root, or permit the reading (for the service: chgrp tacet {0} && "
                                       "chmod 640 {0})",
                                       path)
                                 : "";
  return std::unexpected(std::vector{ConfigFault{path, {}, {}, "cannot be read: " + reading_fault(error) + advice}});
}

std::string config_library_version() { return "yaml-cpp " TACET_YAML_CPP_VERSION "\n" + idn_library_version(); }

}  // namespace tacet
