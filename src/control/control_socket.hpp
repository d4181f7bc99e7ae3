#pragma once
#include <string>

#include "base/descriptor.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// A listening Unix socket at a path in the file system, mode 0660. The file goes when the object does.
class ControlSocket {
public:
  /// Listens at `path`. Makes a missing directory (0755) if it can, and replaces the socket of a dead process. Members
  /// of `group` may use the socket; empty: of this process's group. Faults: in_use (a process listens there, or the
  /// file is no socket), invalid_config (the path does not fit a socket, no such group), refused (this process may not
  /// give the socket to that group), system.
  static Result<ControlSocket> listen(const std::string& path, const std::string& group = "");

  ControlSocket(ControlSocket&&) noexcept = default;
  ControlSocket& operator=(ControlSocket&&) = delete;
  ~ControlSocket();

  int get() const { return descriptor_.get(); }

private:
  ControlSocket(Descriptor descriptor, std::string path, unsigned long file)
      : descriptor_(std::move(descriptor)),
        path_(std::move(path)),
        file_(file) {}

  Descriptor descriptor_;
  std::string path_;
  unsigned long file_;  ///< inode: at the end, the path may belong to another process
};

}  // namespace tacet
