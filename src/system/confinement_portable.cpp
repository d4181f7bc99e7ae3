#include "system/confinement.hpp"

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

}  // namespace tacet
