#include "config/load.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <system_error>

#include "base/descriptor.hpp"
#include "config/idn.hpp"
#include "config/yaml.hpp"

namespace tacet {
namespace {

/// Enough for parse_document to see that a file is too large, however endless it is.
constexpr std::size_t most_octets = (1U << 20) + 1;

/// What is left to read, or nothing and errno.
std::optional<std::string> read_text(int descriptor) {
  std::string out;
  std::array<char, 16384> chunk;
  while (out.size() < most_octets) {
    const auto got = read(descriptor, chunk.data(), chunk.size());
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    out.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return out;
}

}  // namespace

std::expected<Config, std::vector<ConfigFault>> load_config(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const auto text = file ? read_text(file.get()) : std::nullopt;
  if (text) return read_config(*text, path);
  const auto why = std::generic_category().message(errno);
  return std::unexpected(std::vector{ConfigFault{path, {}, {}, "cannot be read: " + why}});
}

std::string config_library_version() { return "yaml-cpp " TACET_YAML_CPP_VERSION "\n" + idn_library_version(); }

}  // namespace tacet
