#pragma once
#include <string>
#include <vector>

#include "system/account.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// One means of confinement: whether it holds, and a remark, which is the reason if it does not.
struct Restriction {
  bool on = false;
  std::string detail;
};

/// The restrictions of this process, as `tacet status` shows them.
struct Confinement {
  std::string user;          ///< the user that it runs as: a name, or a number without one
  Restriction no_new_privs;  ///< no program that it starts can have more privileges
  Restriction capabilities;  ///< none is left, or only what the detail says
  Restriction seccomp;       ///< system calls beyond those of a resolver are refused
  Restriction landlock;      ///< files beyond its own are refused
};

/// The files and directories that a confined process still reaches, with all below.
struct Reach {
  std::vector<std::string> readable;
  std::vector<std::string> writable;  ///< and readable: files may be made, written, replaced and removed
};

/// The paths that a tacet with this configuration needs: those that its libraries read, and the directories that it
/// writes to, also behind links. It leaves out missing paths, so make the written directories before. It leaves out the
/// files that the configuration names to read, because another process opens them (system/file_opener).
Reach reach_of(const Config& config);

/// The paths that the user of a tacet with this configuration, read from `file`, must reach: tacet needs them to start
/// and to tell its service manager.
std::vector<Need> needs_of(const Config& config, const std::string& file);

/// Gives up all rights that a resolver does not need, by every means of the system. It holds for this thread and those
/// that it starts, so call it before there are others. It never fails; the report says which means hold. A refused call
/// then fails with an errno, so that a library can fall back. It does nothing if `config.confine` is false, and under a
/// sanitizer, which needs the forbidden calls.
Confinement confine(const Config& config, const Reach& reach);

/// True in a build with a sanitizer. A sanitizer reads its own memory and traces itself at the end; confine() or
/// another user would forbid that.
bool has_sanitizer();

/// True if confine() confines: `config` wants it, the system supports it, and the build has no sanitizer.
bool is_confined(const Config& config);

/// True where the system has means of confinement: on Linux.
bool has_confinement();

/// The rest of root's privileges: none, or the right to read every file (if only root can read some).
enum class KeptPrivileges { none, reading };

/// The allowed system calls: a resolver's, or those of the process that opens its files.
enum class Calls { of_resolver, of_file_opener };

/// The single means. Call them in this order. On Linux only; elsewhere they are off.
Restriction forbid_new_privileges();
Restriction drop_capabilities(KeptPrivileges kept = KeptPrivileges::none);
Restriction restrict_files(const Reach& reach);
Restriction restrict_system_calls(Calls calls = Calls::of_resolver);

/// "libseccomp 2.5.4" as loaded; empty where there is none.
std::string confinement_library_version();

}  // namespace tacet
