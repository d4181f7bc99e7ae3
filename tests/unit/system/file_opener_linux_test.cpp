#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/descriptor.hpp"
#include "base/file_text.hpp"
#include "system/file_opener.hpp"
#include "transport/tls/tls.hpp"

namespace tacet {
namespace {

/// A folder with a hosts file that the configuration names, and another file that it does not name; and the opener.
struct Scene {
  Scene() {
    std::string pattern = std::filesystem::temp_directory_path() / "tacet-opener-XXXXXX";
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    folder = pattern;
    write("hosts", "old");
    write("other", "secret");
    write("tacet.yaml", at("hosts"));
    Config config = Config::defaults();
    config.hosts.file = at("hosts");
    open = start_file_opener(config, {at("tacet.yaml"), read}, {}, TrustStore::system_bundles()).value();
    std::ifstream children("/proc/self/task/" + std::to_string(::getpid()) + "/children");
    while (children >> process) continue;  // the last is the newest
  }
  ~Scene() {
    open = nullptr;
    std::filesystem::remove_all(folder);
  }

  std::string at(const char* file) const { return folder + "/" + file; }
  void write(const char* file, const std::string& text) const { std::ofstream(at(file)) << text; }
  /// The text behind a path; or what went wrong.
  std::string opened(const std::string& path) const {
    const Descriptor file(open(path));
    return file ? text_of(file.get(), 1000).value_or("unreadable") : std::string(::strerrorname_np(errno));
  }

  /// A configuration that is nothing but the path of its hosts file.
  static std::expected<Config, std::vector<std::string>> read_from(const OpenFile& open, const std::string& file) {
    const Descriptor opened(open(file));
    if (!opened) return std::unexpected(std::vector{file});
    Config config = Config::defaults();
    config.hosts.file = text_of(opened.get(), 1000).value();
    return config;
  }

  std::string folder;
  ReadConfig read = [this](const OpenFile& with) { return read_from(with, at("tacet.yaml")); };
  OpenFile open;
  pid_t process = 0;
};

// A sanitizer needs what the opener gives up.
TEST_SUITE("file opener" * doctest::skip(has_sanitizer())) {
  TEST_CASE("What the configuration names is opened, and nothing else") {
    const Scene scene;
    CHECK(scene.opened(scene.at("hosts")) == "old");
    CHECK(scene.opened(scene.at("tacet.yaml")) == scene.at("hosts"));
    for (const auto& path : {scene.at("other"), scene.at("./hosts"), std::string("/etc/passwd"), scene.folder})
      CHECK(scene.opened(path) == "EACCES");
    CHECK(scene.opened(std::string(5000, 'a')) == "EACCES");
    CHECK(scene.opened("") == "ENOENT");
  }

  TEST_CASE(
      "A file that takes another's place is the one that is opened next, also behind links; a missing one is ENOENT") {
    const Scene scene;
    scene.write("new", "new");
    std::filesystem::rename(scene.at("new"), scene.at("hosts"));
    CHECK(scene.opened(scene.at("hosts")) == "new");
    for (const char* version : {"one", "two"}) {
      std::filesystem::create_directory(scene.at(version));
      std::ofstream(scene.at(version) + "/hosts") << version;
      std::filesystem::create_directory_symlink(version, scene.at("..new"));
      std::filesystem::rename(scene.at("..new"), scene.at("..data"));
      std::filesystem::remove(scene.at("hosts"));
      std::filesystem::create_symlink("..data/hosts", scene.at("hosts"));
      CHECK(scene.opened(scene.at("hosts")) == version);
    }
    std::filesystem::remove(scene.at("hosts"));
    CHECK(scene.opened(scene.at("hosts")) == "ENOENT");
  }

  TEST_CASE(
      "Once the configuration is asked for, the files that it names now are opened too, and those of before still") {
    const Scene scene;
    scene.write("tacet.yaml", scene.at("other"));
    CHECK(scene.opened(scene.at("other")) == "EACCES");
    CHECK(scene.opened(scene.at("tacet.yaml")) == scene.at("other"));
    CHECK(scene.opened(scene.at("other")) == "secret");
    CHECK(scene.opened(scene.at("hosts")) == "old");
  }

  TEST_CASE("The system's authorities are opened under each name that they can have") {
    const Scene scene;
    for (const std::string& bundle : TrustStore::system_bundles()) CHECK(scene.opened(bundle) != "EACCES");
  }

  TEST_CASE("What stops a resolver and its children leaves the opener, which ends when nobody can ask") {
    Scene scene;
    CHECK(scene.opened(scene.at("hosts")) == "old");  // it is ready
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::kill(scene.process, signal);
    CHECK(scene.opened(scene.at("hosts")) == "old");
    scene.open = nullptr;
    int status = -1;
    CHECK(::waitpid(scene.process, &status, 0) == scene.process);
    CHECK(status == 0);
  }

  TEST_CASE("Without the opener every file is EPIPE, and nobody waits") {
    const Scene scene;
    ::kill(scene.process, SIGKILL);
    CHECK(::waitpid(scene.process, nullptr, 0) == scene.process);
    CHECK(scene.opened(scene.at("hosts")) == "EPIPE");
    CHECK(scene.opened(scene.at("hosts")) == "EPIPE");
  }
}

}  // namespace
}  // namespace tacet
