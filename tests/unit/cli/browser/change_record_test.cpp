#include "cli/browser/change_record.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

using namespace tacet;
namespace fs = std::filesystem;

namespace {

constexpr auto policy = "/etc/b/policies/managed/tacet.json";
constexpr auto settings = "/etc/tacet.yaml";

/// A system below a directory of its own, with /var/lib and one file.
class SmallRoot {
public:
  SmallRoot() {
    std::string pattern = (fs::temp_directory_path() / "record-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
    fs::create_directories(path_ + "/var/lib");
    fs::create_directories(path_ + "/etc");
    write(settings, "old\n");
  }
  ~SmallRoot() { fs::remove_all(path_); }
  SmallRoot(const SmallRoot&) = delete;
  SmallRoot& operator=(const SmallRoot&) = delete;

  const std::string& path() const { return path_; }
  void write(const std::string& file, const std::string& text) const { std::ofstream(path_ + file) << text; }
  std::string read(const std::string& file) const {
    std::ostringstream text;
    text << std::ifstream(path_ + file).rdbuf();
    return text.str();
  }
  /// Every path below it, and the text of the files.
  std::map<std::string, std::string> all() const {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(path_)) {
      const auto name = entry.path().string().substr(path_.size());
      found[name] = entry.is_regular_file() ? read(name) : "";
    }
    return found;
  }
  ChangeRecord record() const { return ChangeRecord::load(path_).value(); }

private:
  std::string path_;
};

}  // namespace

TEST_CASE("An undo restores every file, and removes every directory that was made, also after a new start") {
  const SmallRoot root;
  const auto before = root.all();
  {
    auto record = root.record();
    CHECK(record.empty());
    REQUIRE(record.write(policy, file_with("{}")));
    REQUIRE(record.write(settings, file_with("new\n")));
  }
  CHECK(root.read(policy) == "{}");
  CHECK(root.read(settings) == "new\n");
  auto record = root.record();
  CHECK(record.files() == std::vector<std::string>{policy, settings});
  for (const auto* file : {policy, settings}) CHECK(record.undo(file));
  CHECK(record.finish());
  CHECK(root.all() == before);
}

TEST_CASE("Writing a file twice keeps the oldest image") {
  const SmallRoot root;
  auto record = root.record();
  REQUIRE(record.write(settings, file_with("new\n")));
  REQUIRE(record.write(settings, file_with("newer\n")));
  CHECK(record.files().size() == 1);
  REQUIRE(record.undo(settings));
  CHECK(root.read(settings) == "old\n");
}

TEST_CASE("A file that somebody edited is left as it is, stays recorded, and is done once it is as before") {
  const SmallRoot root;
  auto record = root.record();
  REQUIRE(record.write(settings, file_with("new\n")));
  root.write(settings, "theirs\n");
  CHECK(record.state(settings).value() == ChangeState::edited);
  const auto refused = record.undo(settings);
  CHECK(refused.error().fault == Fault::refused);
  CHECK(refused.error().detail.find("before/etc/tacet.yaml") != std::string::npos);
  CHECK(root.read(settings) == "theirs\n");
  CHECK(root.record().has(settings));
  root.write(settings, "old\n");
  CHECK(record.state(settings).value() == ChangeState::former);
  CHECK(record.undo(settings));
  CHECK_FALSE(root.record().has(settings));
}

TEST_CASE("An edited file that was taken away needs no undo") {
  const SmallRoot root;
  auto record = root.record();
  REQUIRE(record.write(settings, file_with("new\n")));
  fs::remove(root.path() + settings);
  CHECK(record.undo(settings));
  CHECK_FALSE(fs::exists(root.path() + settings));
}

TEST_CASE("A removal takes our part out of an edited file") {
  const SmallRoot root;
  auto record = root.record();
  REQUIRE(record.write(settings, file_with("old\nours\n")));
  root.write(settings, "theirs\nold\nours\n");
  CHECK(record.undo(settings,
                    [](const std::string& now) -> Result<std::string> { return now.substr(0, now.find("ours")); }));
  CHECK(root.read(settings) == "theirs\nold\n");
}

TEST_CASE("What somebody edited before a second write is what the undo restores") {
  const SmallRoot root;
  auto record = root.record();
  REQUIRE(record.write(settings, file_with("new\n")));
  root.write(settings, "theirs\n");
  REQUIRE(record.write(settings, file_with("theirs, and ours\n")));
  REQUIRE(record.undo(settings));
  CHECK(root.read(settings) == "theirs\n");
}

TEST_CASE("An undo after a crash between the record and the change leaves the file as it is") {
  const SmallRoot root;
  auto record = root.record();
  REQUIRE(record.write(policy, file_with("{}")));
  fs::remove(root.path() + policy);
  CHECK(record.state(policy).value() == ChangeState::former);
  CHECK(record.undo(policy));
}

TEST_CASE("A record that tacet did not write is a fault") {
  const SmallRoot root;
  fs::create_directories(root.path() + std::string(browser_folder));
  root.write(std::string(browser_folder) + "/record", "nonsense\n");
  CHECK(ChangeRecord::load(root.path()).error().fault == Fault::malformed);
}
