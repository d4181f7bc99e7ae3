#include <dirent.h>
#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>

#include "serve/bind.hpp"

namespace tacet {
namespace {

/// Inodes of the sockets that are bound to a port, from the kernel's tables (Linux; elsewhere the files do not exist).
std::set<std::string> socket_inodes(std::uint16_t port) {
  std::set<std::string> inodes;
  for (const char* table : {"/proc/net/udp", "/proc/net/udp6", "/proc/net/tcp", "/proc/net/tcp6"}) {
    const bool listeners_only = std::string_view(table).find("tcp") != std::string_view::npos;
    std::ifstream file(table);
    std::string line;
    std::getline(file, line);  // headings
    while (std::getline(file, line)) {
      std::istringstream columns(line);
      std::string slot, local, remote, state, queues, timer, retransmits, user, timeout, inode;
      columns >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >> inode;
      if (!local.ends_with(fmt::format(":{:04X}", port)) || (listeners_only && state != "0A")) continue;
      inodes.insert(fmt::format("socket:[{}]", inode));
    }
  }
  return inodes;
}

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

bool holds_any(const std::string& descriptors, const std::set<std::string>& inodes) {
  const Directory directory(::opendir(descriptors.c_str()), &::closedir);
  if (!directory) return false;
  while (const dirent* entry = ::readdir(directory.get())) {
    std::array<char, 64> target{};
    const std::string link = descriptors + "/" + entry->d_name;
    const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
    if (size > 0 && inodes.contains(std::string(target.data(), static_cast<std::size_t>(size)))) return true;
  }
  return false;
}

}  // namespace

std::string holder_of(const SocketAddress& address) {
  const std::set<std::string> inodes = socket_inodes(address.port);
  const Directory processes(::opendir("/proc"), &::closedir);
  if (inodes.empty() || !processes) return {};
  while (const dirent* entry = ::readdir(processes.get())) {
    const std::string id = entry->d_name;
    if (id.find_first_not_of("0123456789") != std::string::npos) continue;
    if (!holds_any("/proc/" + id + "/fd", inodes)) continue;
    std::ifstream file("/proc/" + id + "/comm");
    std::string name;
    std::getline(file, name);
    return fmt::format("{} (pid {})", name, id);
  }
  return {};
}

}  // namespace tacet
