#include "system/path_chain.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

using namespace tacet;

namespace {

/// The last steps of the way to `path`, those below `folder`, as words: "data>v1" is a link.
std::string way(const std::filesystem::path& folder, const std::filesystem::path& path) {
  std::string out;
  for (const PathStep& step : chain_of(path.string())) {
    if (!step.directory.starts_with(folder.string())) continue;
    out += out.empty() ? "" : " ";
    out += std::filesystem::relative(step.directory, folder).string() + ":" + step.name;
    if (step.kind == PathStep::Kind::link) out += ">" + step.target;
    if (step.kind == PathStep::Kind::directory) out += "/";
    if (step.kind == PathStep::Kind::missing) out += "?";
  }
  return out;
}

}  // namespace

TEST_CASE("The way to a file names every entry that decides which file it is") {
  std::string pattern = (std::filesystem::temp_directory_path() / "chain-XXXXXX").string();
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  const std::filesystem::path folder = std::filesystem::canonical(pattern);
  std::filesystem::create_directories(folder / "v1" / "sub");
  std::ofstream(folder / "v1" / "hosts") << "x";
  std::filesystem::create_directory_symlink("v1", folder / "data");
  std::filesystem::create_symlink("data/hosts", folder / "hosts");
  std::filesystem::create_symlink(folder / "v1" / "sub" / ".." / "hosts", folder / "absolute");
  std::filesystem::create_symlink("circle", folder / "circle");
  CHECK(way(folder, folder / "v1" / "hosts") == ".:v1/ v1:hosts");
  CHECK(way(folder, folder / "hosts") == ".:hosts>data/hosts .:data>v1 .:v1/ v1:hosts");
  CHECK(way(folder, folder / "absolute").ends_with(" .:v1/ v1:sub/ v1:hosts"));
  CHECK(way(folder, folder / "data" / "none" / "hosts") == ".:data>v1 .:v1/ v1:none?");
  CHECK(way(folder, folder / "v1" / "hosts" / "below") == ".:v1/ v1:hosts");
  CHECK(chain_of((folder / "circle").string()).size() < 64);
  CHECK(chain_of("/").empty());
  CHECK(chain_of(folder.string()).back() == chain_of(folder.string() + "/./../" + folder.filename().string()).back());
  std::filesystem::remove_all(folder);
}
