#include <dirent.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "listen/bind.hpp"
#include "transport/dial/socket.hpp"

namespace tacet {
namespace {

/// A row of the kernel's tables of sockets.
struct SocketRow {
  std::string local;  ///< hexadecimal, as the kernel writes it: "0100007F"
  uid_t user = 0;
  std::string inode;
};

/// An address as the kernel's tables write it: four octets at a time, each group a number of this machine's.
std::string table_text(const void* address, std::size_t size) {
  std::string text;
  for (std::size_t at = 0; at < size; at += sizeof(std::uint32_t)) {
    std::uint32_t word = 0;
    std::memcpy(&word, static_cast<const char*>(address) + at, sizeof word);
    text += fmt::format("{:08X}", word);
  }
  return text;
}

std::string table_text(const KernelAddress& address) {
  if (address.family() == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address.storage, sizeof v6);
    return table_text(&v6.sin6_addr, sizeof v6.sin6_addr);
  }
  sockaddr_in v4{};
  std::memcpy(&v4, &address.storage, sizeof v4);
  return table_text(&v4.sin_addr, sizeof v4.sin_addr);
}

bool is_any(std::string_view local) { return local.find_first_not_of('0') == std::string_view::npos; }

/// True if a socket at `local` keeps another from `wanted`. An IPv6 socket may hold IPv4 addresses, too.
bool overlap(std::string_view local, std::string_view wanted) {
  return is_any(local) || is_any(wanted) || local.ends_with(wanted);
}

std::optional<SocketRow> row_of(const std::string& line, std::uint16_t port, bool listeners_only) {
  std::istringstream columns(line);
  std::string slot, local, remote, state, queues, timer, retransmits, timeout, inode;
  uid_t user = 0;
  columns >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >> inode;
  const std::string end = fmt::format(":{:04X}", port);
  if (!columns || !local.ends_with(end) || (listeners_only && state != "0A")) return std::nullopt;
  return SocketRow{local.substr(0, local.size() - end.size()), user, fmt::format("socket:[{}]", inode)};
}

/// The sockets that are bound to an address, from the kernel's tables (Linux; elsewhere the files do not exist). It
/// reads /proc/self, because the unit's ProcSubset=pid hides /proc/net.
std::vector<SocketRow> sockets_at(const SocketAddress& address, int type) {
  std::vector<SocketRow> rows;
  const Result<KernelAddress> where = kernel_address(address);
  if (!where) return rows;
  const std::string wanted = table_text(*where);
  for (const char* family : {"", "6"}) {
    std::ifstream file(fmt::format("/proc/self/net/{}{}", type == SOCK_STREAM ? "tcp" : "udp", family));
    std::string line;
    std::getline(file, line);  // headings
    while (std::getline(file, line)) {
      auto row = row_of(line, address.port, type == SOCK_STREAM);
      if (row && overlap(row->local, wanted)) rows.push_back(*std::move(row));
    }
  }
  return rows;
}

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

bool holds_any(const std::string& descriptors, const std::vector<SocketRow>& rows) {
  const Directory directory(::opendir(descriptors.c_str()), &::closedir);
  if (!directory) return false;
  while (const dirent* entry = ::readdir(directory.get())) {
    std::array<char, 64> target{};
    const std::string link = descriptors + "/" + entry->d_name;
    const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
    const std::string_view found(target.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    for (const SocketRow& row : rows)
      if (row.inode == found) return true;
  }
  return false;
}

/// Only root may see other users' processes; the service may not. Process 1 holds the sockets of socket units beside
/// the program that serves them, so any other holder counts more.
std::optional<PortHolder> holder_with(const std::vector<SocketRow>& rows) {
  const Directory processes(::opendir("/proc"), &::closedir);
  if (rows.empty() || !processes) return std::nullopt;
  std::optional<PortHolder> found;
  while (const dirent* entry = ::readdir(processes.get())) {
    const std::string id = entry->d_name;
    if (id.find_first_not_of("0123456789") != std::string::npos) continue;
    if (!holds_any("/proc/" + id + "/fd", rows)) continue;
    std::ifstream file("/proc/" + id + "/comm");
    std::string name;
    std::getline(file, name);
    found = PortHolder{static_cast<pid_t>(std::stol(id)), std::move(name)};
    if (found->process != 1) break;
  }
  return found;
}

std::string user_text(uid_t user) {
  const passwd* entry = ::getpwuid(user);
  return entry != nullptr ? fmt::format("user {}", entry->pw_name) : fmt::format("the user with the number {}", user);
}

}  // namespace

std::optional<PortHolder> port_holder(const SocketAddress& address, int type) {
  return holder_with(sockets_at(address, type));
}

std::string holder_of(const SocketAddress& address, int type) {
  const std::vector<SocketRow> rows = sockets_at(address, type);
  if (const auto holder = holder_with(rows)) {
    const bool socket_unit = holder->process == 1 && holder->program == "systemd";
    return fmt::format("{} (pid {}){}", holder->program, holder->process,
                       socket_unit ? " for a socket unit (`systemctl list-sockets` shows which)" : "");
  }
  const std::string command = fmt::format("`sudo ss -lntup 'sport = :{}'` shows which", address.port);
  if (rows.empty()) return fmt::format("another program ({})", command);
  return fmt::format("a program of {} ({})", user_text(rows.front().user), command);
}

}  // namespace tacet
