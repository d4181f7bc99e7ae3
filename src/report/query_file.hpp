#pragma once
#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.hpp"
#include "system/account.hpp"
#include "tacet/instant.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// Makes the missing directory of `file`, mode 0750, owned by the account or else by this process's user. It makes only
/// the last directory of the path, so that a mistyped path leaves none behind. Call it while this process still may.
/// Fault::invalid_config with advice if it cannot make the directory.
Result<void> make_directory_of(const std::string& file, const std::optional<Account>& account);

/// An append-only file, mode 0600, up to a size. Then FILE becomes FILE.1, FILE.1 becomes FILE.2 and so on, and the
/// last is removed. If another program moves or removes it, a new one begins within a second.
class QueryFile {
public:
  struct Limits {
    std::size_t size;  ///< octets
    unsigned keep;     ///< former files to keep; 0: a full file begins anew
  };
  QueryFile(std::string path, const Limits& limits) : path_(std::move(path)), limits_(limits) {}

  /// Appends whole lines, never a part of one. On an error returns the number of unwritten octets and the reason; the
  /// next call tries again.
  struct Loss {
    std::size_t octets;
    Error error;
  };
  std::optional<Loss> append(std::string_view lines, Instant now);

private:
  Result<void> open();
  bool is_elsewhere() const;
  Result<void> make_room(std::size_t octets);
  Result<void> rotate();
  std::string former(unsigned number) const { return path_ + "." + std::to_string(number); }

  std::string path_;
  Limits limits_;
  Descriptor file_;
  std::size_t size_ = 0;
  Instant looked_{};
};

}  // namespace tacet
