#pragma once
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace tacet {

/// The content of a file; empty if it cannot be read.
inline std::string file_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace tacet
