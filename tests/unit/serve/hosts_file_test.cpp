#include "serve/hosts_file.hpp"

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

  /// Runs the loop until a table with so many names was told of, at most a second; true if it was.
  bool await(std::size_t names) {
    wanted = names;
    Alarm late(loop.scheduler(), [this] { loop.stop(); });
    late.arm(loop.now() + 1s);
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
