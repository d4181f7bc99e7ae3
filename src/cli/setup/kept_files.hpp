#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/setup/file_image.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The files below a root that a verb changes: a copy of each as it was, under `before/` of a folder, and the
/// directories that are made for them. All stand in a record in that folder. The record is on the disk before the first
/// change, so the verb can be undone after a crash at any point.
class KeptFiles {
public:
  /// The folder is below the root, such as "/var/lib/tacet/install"; `record` is the record's name in it.
  KeptFiles(std::string root, std::string folder, std::string record)
      : root_(std::move(root)),
        folder_(std::move(folder)),
        record_(std::move(record)) {}

  const std::string& root() const { return root_; }
  std::string at_root(std::string_view path) const { return root_ + std::string(path); }
  /// In the order of their changes, without the root.
  const std::vector<std::string>& files() const { return files_; }
  bool has(const std::string& path) const;

  std::string record_path() const { return root_ + folder_ + '/' + record_; }
  /// Takes a line "file PATH" or "directory PATH" of the record. False for any other line.
  bool read(std::string_view line);
  /// Writes the record: `head`, which is the verb's own, and our lines. Fault: system.
  Result<void> save(std::string_view head) const;

  /// The place of the copy of a file: as it was ("before"), or as the verb wrote it ("after").
  std::string copy(std::string_view when, std::string_view path) const;
  /// Copies the file as it is now, in place of an earlier copy; notes it, and the directories that it lacks. Faults: as
  /// read_image().
  Result<void> keep(const std::string& path);
  /// Makes the noted directories. Fault: system.
  Result<void> make_directories() const;
  /// Puts a file back as it was. Faults: as read_image().
  Result<void> restore(const std::string& path) const;
  void forget(const std::string& path) { std::erase(files_, path); }

  /// Removes the noted directories, as far as they are empty.
  void remove_directories() const;
  /// Forgets everything: removes the folder, and the one above it if that is empty. Fault: system.
  Result<void> finish();

private:
  std::string root_, folder_, record_;
  std::vector<std::string> files_;
  std::vector<std::string> directories_;  // the outermost first
};

}  // namespace tacet
