#include "system/clock_watch.hpp"
#include "system/confinement.hpp"
#include "system/file_opener.hpp"
#include "system/file_watch.hpp"

namespace tacet {
namespace {

Restriction not_here() { return {false, "this system has none"}; }

}  // namespace

bool has_confinement() { return false; }
Restriction forbid_new_privileges() { return not_here(); }
Restriction drop_capabilities(KeptPrivileges) { return not_here(); }
Restriction restrict_files(const Reach&) { return not_here(); }
Restriction restrict_system_calls(Calls) { return not_here(); }
std::string confinement_library_version() { return {}; }

struct ClockWatch::State {};

ClockWatch::ClockWatch(Loop&, std::function<void()>) {}
ClockWatch::~ClockWatch() = default;

struct FileWatch::State {};

FileWatch::FileWatch(Loop&, const std::string&, std::function<void()>) {}
FileWatch::~FileWatch() = default;
void FileWatch::look() {}

Result<OpenFile> start_file_opener(const Config&, ConfigSource, const Users&, std::vector<std::string>) {
  return OpenFile(open_file);
}

}  // namespace tacet
