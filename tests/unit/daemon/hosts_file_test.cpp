#include "daemon/hosts_file.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

using namespace std::chrono_literals;
using namespace tacet;

namespace {

/// A file in a folder of its own, and a loop that notices what happens to it.
struct Scene {
  Scene() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hosts-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    folder = pattern;
  }
  ~Scene() { std::filesystem::remove_all(folder); }

  std::string path() const { return (folder / "hosts").string(); }
  void write(std::string_view text) const { std::ofstream(path()) << text; }

  /// Runs the loop until a table with so many names was told of; true if it was. The limit is far: what no watch sees
  /// never comes.
  bool await(std::size_t names) {
    wanted = names;
    Alarm late(loop.scheduler(), [this] { loop.stop(); });
    late.arm(loop.now() + 30s);
    if (last != names) loop.run();
    return last == names;
  }
  HostsFile::OnChange note() {
    return [this](const auto& hosts) {
      last = hosts->names();
      ++changes;
      if (last == wanted) loop.stop();
    };
  }

  SystemClock clock;
  Loop loop{clock};
  std::filesystem::path folder;
  std::size_t wanted = 0, changes = 0;
  std::optional<std::size_t> last;
};

}  // namespace

TEST_CASE("The file is read at once, and no file is an empty table") {
  Scene scene;
  CHECK(HostsFile(scene.loop, scene.path(), scene.note()).table()->names() == 0);
  scene.write("192.0.2.1 a b c\n");
  CHECK(HostsFile(scene.loop, scene.path(), scene.note()).table()->names() == 3);
  CHECK(HostsFile(scene.loop, "", scene.note()).table()->names() == 0);
  CHECK(scene.changes == 0);
}

TEST_CASE("A look reads a file that is another than before, and only then") {
  Scene scene;
  scene.write("192.0.2.1 a\n");
  HostsFile file(scene.loop, scene.path(), scene.note());
  file.look();
  CHECK(scene.changes == 0);
  scene.write("192.0.2.1 a b\n");
  file.look();
  CHECK(scene.changes == 1);
  CHECK(scene.last == 2);
  std::filesystem::remove(scene.path());
  file.look();
  CHECK(scene.last == 0);
  file.look();
  CHECK(scene.changes == 2);
}

TEST_CASE("What cannot be read leaves what was known") {
  Scene scene;
  scene.write("192.0.2.1 a\n");
  HostsFile file(scene.loop, scene.path(), scene.note());
  std::filesystem::remove(scene.path());
  std::filesystem::create_directory(scene.path());
  file.look();
  CHECK(file.table()->names() == 1);
}

#ifdef __linux__
TEST_CASE("A change is told without being looked for") {
  Scene scene;
  HostsFile file(scene.loop, scene.path(), scene.note());
  scene.write("192.0.2.1 a\n");
  CHECK(scene.await(1));
  scene.write("192.0.2.1 a b\n");
  CHECK(scene.await(2));
  std::ofstream(scene.folder / "new") << "192.0.2.1 a b c\n";
  std::filesystem::rename(scene.folder / "new", scene.path());
  CHECK(scene.await(3));
  std::filesystem::remove(scene.path());
  CHECK(scene.await(0));
}

TEST_CASE("A burst of changes is one, and other files are none") {
  Scene scene;
  HostsFile file(scene.loop, scene.path(), scene.note());
  for (int i = 0; i < 50; ++i) {
    scene.write("192.0.2.1 a\n");
    std::ofstream(scene.folder / "other") << "192.0.2.1 x y z\n";
  }
  CHECK(scene.await(1));
  CHECK(scene.changes == 1);
}
#endif

TEST_CASE("Another file is followed from now on, and the former is not") {
  Scene scene;
  scene.write("192.0.2.1 a b c\n");
  HostsFile file(scene.loop, scene.path(), scene.note());
  const std::string other = scene.path() + "2";
  std::ofstream(other) << "192.0.2.1 a b\n";
  file.follow(other);
  CHECK(file.table()->names() == 2);
  CHECK(scene.last == 2);
  scene.write("192.0.2.1 a\n");
  std::ofstream(other) << "192.0.2.1 a b c d\n";
  CHECK(scene.await(4));
  CHECK(scene.changes == 2);
  file.follow("");
  CHECK(scene.last == 0);
  file.follow(scene.path());
  CHECK(scene.last == 1);
  scene.write("192.0.2.1 x y z\n");
  file.follow(scene.path());
  CHECK(scene.last == 3);
}

#ifdef __linux__
TEST_CASE("A file behind links is another as soon as one of them leads elsewhere") {
  Scene scene;
  const auto version = [&](const std::string& name, std::string_view text) {
    std::filesystem::create_directory(scene.folder / name);
    std::ofstream(scene.folder / name / "hosts") << text;
    std::filesystem::create_directory_symlink(name, scene.folder / "..tmp");
    std::filesystem::rename(scene.folder / "..tmp", scene.folder / "..data");
  };
  version("..v1", "192.0.2.1 a\n");
  std::filesystem::create_symlink("..data/hosts", scene.path());
  HostsFile file(scene.loop, scene.path(), scene.note());
  CHECK(file.table()->names() == 1);
  version("..v2", "192.0.2.1 a b\n");
  CHECK(scene.await(2));
  std::filesystem::remove_all(scene.folder / "..v1");
  version("..v3", "192.0.2.1 a b c\n");
  CHECK(scene.await(3));
  std::ofstream(scene.folder / "..v3" / "hosts", std::ios::app) << "192.0.2.1 d\n";
  CHECK(scene.await(4));
}

TEST_CASE("Directories on the way may come later, go, and be exchanged") {
  Scene scene;
  const auto outer = scene.folder / "outer";
  const auto path = outer / "inner" / "hosts";
  HostsFile file(scene.loop, path.string(), scene.note());
  std::filesystem::create_directories(outer / "inner");
  std::ofstream(path) << "192.0.2.1 a\n";
  CHECK(scene.await(1));
  std::filesystem::create_directories(scene.folder / "next" / "inner");
  std::ofstream(scene.folder / "next" / "inner" / "hosts") << "192.0.2.1 a b\n";
  std::filesystem::rename(outer, scene.folder / "former");
  std::filesystem::rename(scene.folder / "next", outer);
  CHECK(scene.await(2));
  std::filesystem::remove_all(outer);
  CHECK(scene.await(0));
  std::filesystem::create_directories(outer / "inner");
  std::ofstream(path) << "192.0.2.1 a b c\n";
  CHECK(scene.await(3));
  std::filesystem::remove(path);
  std::filesystem::create_symlink(scene.folder / "elsewhere", path);
  CHECK(scene.await(0));
  std::ofstream(scene.folder / "elsewhere") << "192.0.2.1 a\n";
  CHECK(scene.await(1));
}
#endif
