#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "system/confinement.hpp"

namespace tacet {
namespace {

using Sets = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

bool set_capabilities(const Sets& sets) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  return ::syscall(SYS_capset, &header, sets.data()) == 0;
}

Sets sets_of(KeptPrivileges kept) {
  Sets sets{};
  if (kept == KeptPrivileges::reading) sets[0].effective = sets[0].permitted = 1U << CAP_DAC_READ_SEARCH;
  return sets;
}

Sets with_low_ports(Sets sets) {
  sets[0].effective |= 1U << CAP_NET_BIND_SERVICE;
  sets[0].permitted |= 1U << CAP_NET_BIND_SERVICE;
  sets[0].inheritable |= 1U << CAP_NET_BIND_SERVICE;
  return sets;
}

bool has_more_than(const Sets& allowed) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  Sets sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return true;
  for (std::size_t i = 0; i < sets.size(); ++i)
    if ((sets[i].effective & ~allowed[i].effective) != 0 || (sets[i].permitted & ~allowed[i].permitted) != 0 ||
        (sets[i].inheritable & ~allowed[i].inheritable) != 0)
      return true;
  return false;
}

}  // namespace

bool has_confinement() { return true; }

Restriction forbid_new_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) return {true, {}};
  return {false, std::strerror(errno)};
}

Restriction drop_capabilities(KeptPrivileges kept) {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  // A container's root may lack the privilege to keep. Then keep none.
  const Sets wanted = sets_of(kept);
  const bool refused = !set_capabilities(wanted) && !set_capabilities({});
  const int error = errno;
  if (!has_more_than(wanted)) return {true, kept == KeptPrivileges::none ? "" : "all but the one to read any file"};
  // A unit that forbids capset() leaves the privilege for low ports and no other.
  if (refused && error == EPERM && !has_more_than(with_low_ports(wanted)))
    return {true, "all but the one for ports below 1024, which the unit keeps"};
  return {false, std::string("capset: ") + (refused ? std::strerror(error) : "without effect")};
}

}  // namespace tacet
