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

/// Makes the directory of `file`, mode 0750, the account's or else this process's, unless it is there. Only the last
/// one of the path: a mistyped path is not to leave directories behind. To be called while this process may still do
/// so. Fault::invalid_config with what to make: it is not there and cannot be made.
Result<void> make_directory_of(const std::string& file, const std::optional<Account>& account);

/// A file that only grows at its end, mode 0600, up to a size; then it becomes FILE.1, what was FILE.1 becomes FILE.2,
/// and so on, and the last is removed. If somebody else moves or removes it, a new one is begun within a second.
class QueryFile {
public:
  struct Limits {
    std::size_t size;  ///< octets
    unsigned keep;     ///< former files; 0: the file begins anew when it is full
  };
  QueryFile(std::string path, const Limits& limits) : path_(std::move(path)), limits_(limits) {}

  /// Appends whole lines; never a part of one. How many octets of them could not be written, and why, if not all were:
  /// the next call tries again.
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
