#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/descriptor.hpp"
#include "base/file_stamp.hpp"
#include "base/loop.hpp"
#include "resolve/hosts.hpp"
#include "system/file_watch.hpp"
#include "tacet/open_file.hpp"

namespace tacet {

/// The hosts file as a table, made anew when the file changes. A missing file counts as empty.
class HostsFile {
public:
  /// The most octets that it reads of a file.
  static constexpr std::size_t most_octets = std::size_t{64} << 20;

  /// Reads the file at `path`, and again after each change; then calls `on_change` on the loop. `open` opens it. An
  /// empty path is no file. `loop` must outlive it.
  using OnChange = std::function<void(std::shared_ptr<const Hosts>)>;
  HostsFile(Loop& loop, std::string path, OnChange on_change, OpenFile open = open_file);

  /// The last table; never null.
  const std::shared_ptr<const Hosts>& table() const { return table_; }

  /// From now on reads and watches the file at another path, and calls `on_change`.
  void follow(std::string path);

  /// Reads the file again if it looks different, for changes that the watch missed.
  void look();

private:
  void reload(const Descriptor& file);
  void read(const Descriptor& file);

  void begin();

  Loop& loop_;
  std::string path_;
  OnChange on_change_;
  OpenFile open_;
  std::optional<FileStamp> stamp_;  // nothing if there is no file
  std::shared_ptr<const Hosts> table_ = std::make_shared<const Hosts>();
  std::optional<FileWatch> watch_;
  bool told_ = true;  // of the table
};

}  // namespace tacet
