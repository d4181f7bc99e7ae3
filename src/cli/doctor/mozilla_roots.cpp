#include "cli/doctor/mozilla_roots.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/file_text.hpp"

namespace tacet {
namespace {

constexpr auto folder = "/usr/share/ca-certificates/mozilla";

/// An open file without a name.
Descriptor unnamed_file() {
  std::error_code missing;
  std::string path = std::filesystem::temp_directory_path(missing) / "tacet-XXXXXX";
  Descriptor file(::mkostemp(path.data(), O_CLOEXEC));
  if (file) ::unlink(path.c_str());
  return file;
}

}  // namespace

MozillaRoots::MozillaRoots() {
  std::string all;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(folder, missing)) all += file_text(entry.path());
  if (all.empty()) return;
  Descriptor file = unnamed_file();
  if (file && ::write(file.get(), all.data(), all.size()) == static_cast<ssize_t>(all.size()))
    bundle_ = std::move(file);
}

std::string MozillaRoots::path() const {
  return bundle_ ? "/proc/self/fd/" + std::to_string(bundle_.get()) : std::string();
}

}  // namespace tacet
