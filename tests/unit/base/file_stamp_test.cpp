#include "base/file_stamp.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/descriptor.hpp"

namespace tacet {
namespace {

struct Folder {
  Folder() {
    std::string pattern = std::filesystem::temp_directory_path() / "file-stamp-XXXXXX";
    path = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

void write(const std::string& path, std::string_view text) { std::ofstream(path) << text; }

}  // namespace

TEST_CASE("The stamp of a path is that of the open file until another file takes its name") {
  const Folder folder;
  const std::string path = folder.path + "/hosts";
  write(path, "one");
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(stamp_at(path));
  CHECK(stamp_at(path) == stamp_of(file.get()));
  write(path + ".new", "two");
  std::filesystem::rename(path + ".new", path);
  CHECK(stamp_at(path) != stamp_of(file.get()));
}

TEST_CASE("A path that leads nowhere has no stamp, and errno tells why; no descriptor has none, and errno stays") {
  const Folder folder;
  CHECK(!stamp_at(folder.path + "/none"));
  CHECK(errno == ENOENT);
  errno = EPIPE;
  CHECK(!stamp_of(-1));
  CHECK(errno == EPIPE);
}

}  // namespace tacet
