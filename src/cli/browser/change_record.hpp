#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/setup/kept_files.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The folder of `tacet browser`: the record, the authority and the listener's certificate. It goes with the last undo.
inline constexpr std::string_view browser_folder = "/var/lib/tacet/browser";

/// What is now at the path of a recorded change.
enum class ChangeState : std::uint8_t {
  ours,    ///< what we wrote
  former,  ///< what was there before us
  edited,  ///< something else: a person or a program changed it since
};

/// The record of `tacet browser setup`, below `root`: each changed file as it was (before/) and as we wrote it
/// (after/). It is on the disk before the first change, so an undo works after a crash at any point.
class ChangeRecord {
public:
  /// Reads it; a missing one is empty. Faults: malformed, system.
  static Result<ChangeRecord> load(const std::string& root);

  bool empty() const { return kept_.files().empty(); }
  /// The changed files below the root, in the order of their changes.
  const std::vector<std::string>& files() const { return kept_.files(); }
  bool has(const std::string& path) const { return kept_.has(path); }

  /// The state of a recorded file. Fault: system.
  Result<ChangeState> state(const std::string& path) const;

  /// Records the file and its present image, and writes the new one. If the file is recorded, its former image stays,
  /// unless somebody edited the file since: then that is what an undo restores. Faults: as read_image().
  Result<void> write(const std::string& path, const FileImage& image);

  /// Makes of the text that is there the text that shall be there. Faults tell a person what to do.
  using Removal = std::function<Result<std::string>(const std::string& now)>;

  /// Takes one change back and forgets it. If the file was edited since, `removal` takes our part out; without it
  /// this is a fault. Faults: refused (edited since; nothing was changed), system.
  Result<void> undo(const std::string& path, const Removal& removal = {});

  /// Forgets everything: removes the folder, and the directories that were made for files if they are empty. Fault:
  /// system.
  Result<void> finish();

private:
  explicit ChangeRecord(const std::string& root) : kept_(root, std::string(browser_folder), "record") {}
  Result<void> save() const;
  Result<void> restore(const std::string& path, const Removal& removal) const;

  KeptFiles kept_;
};

}  // namespace tacet
