#include "report/query_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace std::chrono_literals;

namespace tacet {
namespace {

struct Folder {
  Folder() {
    std::string pattern = std::filesystem::temp_directory_path() / "query-file-test-XXXXXX";
    path = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string operator/(const char* name) const { return path / name; }
  std::string read(const char* name) const {
    std::ifstream file(path / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path), {}));
  }

  std::filesystem::path path;
};

constexpr Instant start{24h};

}  // namespace

TEST_CASE("lines are appended to what is there, and nobody else may read them") {
  Folder folder;
  std::ofstream(folder / "log") << "before\n";
  QueryFile old(folder / "log", {1000, 3});
  CHECK(!old.append("one\n", start));
  CHECK(!old.append("two\nthree\n", start));
  CHECK(folder.read("log") == "before\none\ntwo\nthree\n");
  QueryFile fresh(folder / "new", {1000, 3});
  CHECK(!fresh.append("", start));
  struct stat status{};
  REQUIRE(::stat((folder / "new").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0600);
}

TEST_CASE("a full file is kept under a number, so many of them, and no file is larger than its limit") {
  Folder folder;
  QueryFile file(folder / "log", {10, 2});
  for (const auto* text : {"first\n", "second\n", "third\n", "fourth\n", "x\n"}) CHECK(!file.append(text, start));
  CHECK(folder.read("log") == "fourth\nx\n");
  CHECK(folder.read("log.1") == "third\n");
  CHECK(folder.read("log.2") == "second\n");
  CHECK(folder.files() == 3);
}

TEST_CASE("without former files a full one begins anew") {
  Folder folder;
  QueryFile file(folder / "log", {10, 0});
  for (const auto* text : {"first\n", "second\n", "x\n"}) CHECK(!file.append(text, start));
  CHECK(folder.read("log") == "second\nx\n");
  CHECK(folder.files() == 1);
}

TEST_CASE("a file that somebody has moved or removed is begun anew within a second") {
  Folder folder;
  QueryFile file(folder / "log", {1000, 3});
  CHECK(!file.append("one\n", start));
  std::filesystem::rename(folder / "log", folder / "moved");
  CHECK(!file.append("two\n", start + 500ms));
  CHECK(!file.append("three\n", start + 1500ms));
  CHECK(folder.read("moved") == "one\ntwo\n");
  CHECK(folder.read("log") == "three\n");
  std::filesystem::remove(folder / "log");
  CHECK(!file.append("four\n", start + 3s));
  CHECK(folder.read("log") == "four\n");
}

TEST_CASE("a full disk loses what does not fit, says so, and does not end the log") {
  QueryFile full("/dev/full", {1000, 3});
  for (int i = 0; i < 2; ++i) {
    const auto loss = full.append("one\ntwo\n", start);
    REQUIRE(loss);
    CHECK(loss->octets == 8);
    CHECK(loss->error.detail.find("/dev/full: No space left") == 0);
  }
}

TEST_CASE("a directory that is not there yet is a loss, and none any more when it is") {
  Folder folder;
  QueryFile file(folder / "sub/log", {1000, 3});
  REQUIRE(file.append("one\n", start));
  std::filesystem::create_directory(folder / "sub");
  CHECK(!file.append("two\n", start));
  CHECK(folder.read("sub/log") == "two\n");
}

}  // namespace tacet
