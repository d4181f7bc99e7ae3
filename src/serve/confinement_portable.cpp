#include "serve/confinement.hpp"

namespace tacet {
namespace {

Restraint not_here() { return {false, "this system has none"}; }

}  // namespace

Restraint forbid_new_privileges() { return not_here(); }
Restraint drop_capabilities(Kept) { return not_here(); }
Restraint restrict_files(const Reach&) { return not_here(); }
Restraint restrict_system_calls() { return not_here(); }
std::string confinement_library_version() { return {}; }

}  // namespace tacet
