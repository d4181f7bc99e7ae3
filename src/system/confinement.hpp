#pragma once
#include <string>
#include <vector>

#include "system/account.hpp"
#include "tacet/config.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// One means of confinement: whether it holds, and what is to be said of it: why not, if it does not.
struct Restriction {
  bool on = false;
  std::string detail;
};

/// What this process can no longer do, as `tacet status` shows it.
struct Confinement {
  std::string user;          ///< whom it runs as: a name, or a number if nobody said a name
  Restriction no_new_privs;  ///< no program that it starts can have more privileges
  Restriction capabilities;  ///< none is left, or only what the detail says
  Restriction seccomp;       ///< system calls beyond those of a resolver are refused
  Restriction landlock;      ///< files beyond its own are refused
};

/// What a confined process still reaches in the file system, with all below.
struct Reach {
  std::vector<std::string> readable;
  std::vector<std::string> writable;  ///< and readable: files may be made, written, replaced and removed
};

/// What a tacet with this configuration needs: what its libraries read, and the directories of what it writes, wherever
/// links lead from there. What is not there is left out: what is written must be made before. The files that the
/// configuration names to be read are no part of it: another process opens them (system/file_opener).
Reach reach_of(const Config& config);

/// What whoever runs a tacet with this configuration, read from `file`, must be able to use, for it to start and to
/// tell its service manager.
std::vector<Need> needs_of(const Config& config, const std::string& file);

/// Gives up what a resolver has no use for: every means that the system offers, for this thread and those that it
/// starts (to be called before there are others). Never fails; the report says what holds. What is refused afterwards
/// fails with an errno, so that a library that tries something new falls back. Does nothing if `config.confine` is
/// false, and under a sanitizer, which reads and traces what this forbids.
Confinement confine(const Config& config, const Reach& reach);

/// True in a build with a sanitizer, which has to read its own memory and to trace itself in the end: neither confine()
/// nor another user would let it.
bool has_sanitizer();

/// True if confine() confines: `config` wants it, the system knows how, and no sanitizer is in the way.
bool is_confined(const Config& config);

/// True where the system has means of confinement: on Linux.
bool has_confinement();

/// What is left of root's privileges: none, or reading what others keep to themselves (where files can be read by root
/// only).
enum class KeptPrivileges { none, reading };

/// Whose system calls are left: a resolver's, or those of the process that opens its files.
enum class Calls { of_resolver, of_file_opener };

/// The means one by one, in the order in which they must come. Linux; elsewhere they are off.
Restriction forbid_new_privileges();
Restriction drop_capabilities(KeptPrivileges kept = KeptPrivileges::none);
Restriction restrict_files(const Reach& reach);
Restriction restrict_system_calls(Calls calls = Calls::of_resolver);

/// "libseccomp 2.5.4" as loaded; empty where there is none.
std::string confinement_library_version();

}  // namespace tacet
