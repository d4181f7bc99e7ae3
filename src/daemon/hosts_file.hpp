#pragma once
#include <sys/stat.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/descriptor.hpp"
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
  /// The attributes that show a change of a file.
  struct Attributes {
    ino_t inode = 0;
    dev_t device = 0;
    off_t size = 0;
    std::int64_t seconds = 0, nanoseconds = 0;  // of the last change
    friend bool operator==(const Attributes&, const Attributes&) = default;
  };
  static Attributes attributes_of(const struct stat& status);
  static std::optional<Attributes> attributes_of(const Descriptor& file);
  bool is_unchanged() const;
  void reload();
  void read();

  void begin();

  Loop& loop_;
  std::string path_;
  OnChange on_change_;
  OpenFile open_;
  std::optional<Attributes> attributes_;  // nothing if there is no file
  std::shared_ptr<const Hosts> table_ = std::make_shared<const Hosts>();
  std::optional<FileWatch> watch_;
  bool told_ = true;  // of the table
};

}  // namespace tacet
