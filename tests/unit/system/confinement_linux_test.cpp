#include <doctest/doctest.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "base/descriptor.hpp"
#include "base/file_text.hpp"
#include "control/control_socket.hpp"
#include "system/account.hpp"
#include "system/confinement.hpp"
#include "system/file_opener.hpp"
#include "system/service_manager.hpp"
#include "transport/network/network_state.hpp"
#include "transport/tls/tls.hpp"

namespace tacet {
namespace {

/// A machine's corner: a folder for each kind of file, readable by everybody.
struct Corner {
  Corner() {
    std::string pattern = std::filesystem::temp_directory_path() / "tacet-confinement-XXXXXX";
    root = ::mkdtemp(pattern.data());
    ::chmod(root.c_str(), 0755);
    for (const char* folder : {"hosts", "bundle", "run", "other"})
      std::filesystem::create_directory(root + "/" + folder);
    for (const char* file : {"hosts/hosts", "bundle/ca.pem", "other/secret"}) write(file, "old");
    ::chmod((root + "/run").c_str(), 0777);
    ::chmod((root + "/other").c_str(), 0777);
    config = Config::defaults();
    config.hosts.file = root + "/hosts/hosts";
    config.upstreams.front().ca_file = root + "/bundle/ca.pem";
    config.control.socket = root + "/run/control.sock";
    config.query_log.to = root + "/other/missing/queries.log";
  }
  ~Corner() { std::filesystem::remove_all(root); }

  std::string at(const char* file) const { return root + "/" + file; }
  void write(const char* file, const char* text) const { std::ofstream(at(file)) << text; }
  /// As package managers and editors do it.
  void replace(const char* file, const char* text) const {
    write("new", text);
    std::filesystem::rename(at("new"), at(file));
  }

  std::string root;
  Config config;
  OpenFile open = open_file;
};

struct Act {
  const char* name;
  std::function<bool()> succeeds;
};

bool opens(const std::string& path, int how) {
  return static_cast<bool>(Descriptor(::open(path.c_str(), how | O_CLOEXEC, 0600)));
}
bool makes_pair(int type) {
  int ends[2];
  if (::socketpair(AF_UNIX, type, 0, ends) != 0) return false;
  const Descriptor one(ends[0]), other(ends[1]);
  return true;
}
sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}
bool makes_socket(int family, int type, int protocol = 0) {
  return static_cast<bool>(Descriptor(::socket(family, type, protocol)));
}
bool opens(const Corner& corner, const std::string& path) { return static_cast<bool>(Descriptor(corner.open(path))); }
std::string opened_text(const Corner& corner, const std::string& path) {
  const Descriptor file(corner.open(path));
  return file ? text_of(file.get(), 100).value_or("") : "";
}
bool maps(int rights) { return ::mmap(nullptr, 4096, rights, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED; }
bool calls(long number) { return ::syscall(number, 0, 0, 0, 0, 0) >= 0 || (errno != ENOSYS && errno != EPERM); }

/// What whoever had taken the process over would like to do.
std::vector<Act> forbidden(const Corner& corner, const Descriptor& before) {
  return {
      {"run a program", [] { return ::execl("/bin/true", "true", nullptr) == 0 || errno != ENOSYS; }},
      {"make a process", [] { return ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0 || errno != ENOSYS; }},
      {"trace its parent", [] { return ::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr) == 0; }},
      {"signal its parent", [] { return ::kill(::getppid(), 0) == 0; }},
      {"read the shadow file", [] { return opens("/etc/shadow", O_RDONLY); }},
      {"read the list of users", [] { return opens("/etc/passwd", O_RDONLY); }},
      {"list /etc", [] { return opens("/etc", O_RDONLY | O_DIRECTORY); }},
      {"read private keys of services", [] { return opens("/etc/ssl/private", O_RDONLY | O_DIRECTORY); }},
      {"read /etc by its link to the root", [] { return opens("/proc/self/root/etc/passwd", O_RDONLY); }},
      {"read the hosts file without the opener", [&] { return opens(corner.at("hosts/hosts"), O_RDONLY); }},
      {"read the bundle without the opener", [&] { return opens(corner.at("bundle/ca.pem"), O_RDONLY); }},
      {"have the list of users opened", [&] { return opens(corner, "/etc/passwd"); }},
      {"have a file of others opened", [&] { return opens(corner, corner.at("other/secret")); }},
      {"read a file of others", [&] { return opens(corner.at("other/secret"), O_RDONLY); }},
      {"list a folder of others", [&] { return opens(corner.at("other"), O_RDONLY | O_DIRECTORY); }},
      {"write a file of others", [&] { return opens(corner.at("other/secret"), O_WRONLY); }},
      {"make a file elsewhere", [&] { return opens(corner.at("other/made"), O_WRONLY | O_CREAT); }},
      {"make a file in /tmp", [] { return opens("/tmp/tacet-confinement-made", O_WRONLY | O_CREAT); }},
      {"remove a file elsewhere", [&] { return ::unlink(corner.at("other/secret").c_str()) == 0; }},
      {"write the hosts file", [&] { return opens(corner.at("hosts/hosts"), O_WRONLY); }},
      {"write the bundle", [&] { return opens(corner.at("bundle/ca.pem"), O_WRONLY | O_TRUNC); }},
      {"make a link in its own folder", [&] { return ::symlink("/etc", corner.at("run/link").c_str()) == 0; }},
      {"mount", [] { return ::mount("none", "/mnt", "tmpfs", 0, nullptr) == 0; }},
      {"change its root", [] { return ::chroot("/usr") == 0; }},
      {"become root", [] { return ::setresuid(0, 0, 0) == 0; }},
      {"become a member of root's group", [] { return ::setresgid(0, 0, 0) == 0; }},
      {"own a packet socket", [] { return makes_socket(AF_PACKET, SOCK_RAW); }},
      {"own a raw socket", [] { return makes_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP); }},
      {"connect to D-Bus", [] { return makes_socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC); }},
      {"speak to the system's log", [] { return makes_socket(AF_UNIX, SOCK_DGRAM); }},
      {"lead one of a pair of sockets to a service",
       [] { return makes_pair(SOCK_DGRAM) || makes_pair(SOCK_SEQPACKET); }},
      {"own a socket to virtual machines", [] { return makes_socket(AF_VSOCK, SOCK_STREAM); }},
      {"run what it has written", [] { return maps(PROT_WRITE | PROT_EXEC); }},
      {"make what it has written run", [] { return maps(PROT_WRITE) && ::mprotect(&errno, 1, PROT_EXEC) == 0; }},
      {"type on its terminal", [&] { return ::ioctl(before.get(), TIOCSTI, "x") == 0 || errno != ENOSYS; }},
      {"be dumped again", [] { return ::prctl(PR_SET_DUMPABLE, 1) == 0; }},
      {"raise a limit", [] { return calls(SYS_setrlimit); }},
      {"load a kernel", [] { return calls(SYS_kexec_load); }},
      {"load a module", [] { return calls(SYS_init_module); }},
      {"own a namespace", [] { return ::syscall(SYS_unshare, CLONE_NEWUSER) == 0; }},
      {"load a program into the kernel", [] { return calls(SYS_bpf); }},
      {"own a ring", [] { return calls(SYS_io_uring_setup); }},
      {"watch the processor", [] { return calls(SYS_perf_event_open); }},
      {"use a key ring", [] { return calls(SYS_keyctl); }},
      {"read another process's memory", [] { return calls(SYS_process_vm_readv); }},
      {"set the clock", [] { return calls(SYS_clock_settime); }},
      {"reboot", [] { return calls(SYS_reboot); }},
  };
}

/// What a process has opened before it is confined.
struct Opened {
  explicit Opened(const Corner& corner)
      : manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
        notify(open_notify(corner.at("run/notify"))),
        control(ControlSocket::listen(corner.config.control.socket)) {}

  NotifySocket open_notify(const std::string& path) const {
    const sockaddr_un address = unix_address(path);
    if (::bind(manager.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) ::_exit(1);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    return NotifySocket::open();
  }

  Descriptor manager;
  NotifySocket notify;
  Result<ControlSocket> control;
};

/// What a resolver goes on doing.
std::vector<Act> needed(const Corner& corner, Opened& opened) {
  return {
      {"have the hosts file opened that took the old one's place",
       [&] { return opened_text(corner, corner.at("hosts/hosts")) == "new"; }},
      {"have the bundle opened that took the old one's place",
       [&] { return opened_text(corner, corner.at("bundle/ca.pem")) == "new"; }},
      {"read the system's authorities", [&] { return TrustStore::load("", corner.open).has_value(); }},
      {"watch files",
       [&] {
         const Descriptor inotify(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
         return ::inotify_add_watch(inotify.get(), corner.at("hosts").c_str(), IN_CREATE) >= 0;
       }},
      {"see the network", [] { return NetworkState::take().has_value(); }},
      {"start a thread",
       [] {
         bool ran = false;
         std::thread([&] { ran = true; }).join();
         return ran;
       }},
      {"own sockets",
       [] {
         return makes_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC) && makes_socket(AF_INET6, SOCK_STREAM);
       }},
      {"wake itself by a pair of sockets", [] { return makes_pair(SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK); }},
      {"find an interface by its name", [] { return ::if_nametoindex("lo") != 0; }},
      {"tell its service manager",
       [&] {
         opened.notify.tell("READY=1");
         char text[16];
         return ::recv(opened.manager.get(), text, sizeof text, MSG_DONTWAIT) == 7;
       }},
      {"remove its control socket",
       [&] {
         const bool was_there = std::filesystem::exists(corner.config.control.socket);
         opened.control = fail(Fault::system, "it is over");
         return was_there && !std::filesystem::exists(corner.config.control.socket);
       }},
      {"map a library", [] { return maps(PROT_READ | PROT_EXEC); }},
  };
}

/// Another process, which replaces hosts file and bundle when it is told to.
class PackageManager {
public:
  explicit PackageManager(const Corner& corner) {
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_) == 0);
    if (::fork() != 0) return;
    char word = 0;
    if (::read(ends_[1], &word, 1) != 1) ::_exit(1);
    corner.replace("hosts/hosts", "new");
    corner.replace("bundle/ca.pem", "new");
    ::_exit(::write(ends_[1], "d", 1) == 1 ? 0 : 1);
  }
  bool replaces() {
    char word = 0;
    return ::write(ends_[0], "g", 1) == 1 && ::read(ends_[0], &word, 1) == 1;
  }

private:
  int ends_[2];
};

/// Runs `work` in a child, which says by lines what should not have happened.
std::string complaints_of(const std::function<void(int)>& work) {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    work(ends[1]);
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) text += "the child died\n";
  return text;
}

void say(int to, const std::string& line) {
  const std::string text = line + "\n";
  if (::write(to, text.data(), text.size()) < 0) ::_exit(1);
}

/// What tacet does between its sockets and its threads.
Confinement settle(Corner& corner) {
  const auto account = account_to_become("");
  auto open = account ? start_file_opener(corner.config, {}, {.opener = *account}, TrustStore::system_bundles())
                      : fail(account.error());
  if (!open) ::_exit(1);
  corner.open = *std::move(open);
  if (*account && !become(**account)) ::_exit(1);
  return confine(corner.config, reach_of(corner.config));
}

TEST_CASE("a confined process is refused what a resolver does not need, and may do what it needs") {
  if (has_sanitizer()) return;
  Corner corner;
  const std::string complaints = complaints_of([&](int out) {
    const Descriptor before(::open("/dev/null", O_RDWR | O_CLOEXEC));
    PackageManager manager(corner);
    Opened opened(corner);
    const Confinement confinement = settle(corner);
    if (!manager.replaces()) say(out, "nothing was replaced");
    for (const auto* restraint :
         {&confinement.no_new_privs, &confinement.capabilities, &confinement.seccomp, &confinement.landlock})
      if (!restraint->on) say(out, "off: " + restraint->detail);
    for (const auto& act : forbidden(corner, before))
      if (act.succeeds()) say(out, std::string("may ") + act.name);
    for (const auto& act : needed(corner, opened))
      if (!act.succeeds()) say(out, std::string("may not ") + act.name);
  });
  CHECK(complaints == "");
}

TEST_CASE("the forbidden acts are acts: without confinement many succeed") {
  const Corner corner;
  const std::string complaints = complaints_of([&](int out) {
    const Descriptor before(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (const auto& act : forbidden(corner, before)) {
      const std::string name = act.name;
      if (name == "read a file of others" || name == "make a file elsewhere" || name == "write the hosts file" ||
          name == "run what it has written" || name == "signal its parent" || name == "type on its terminal" ||
          name == "raise a limit" || name == "connect to D-Bus" || name == "read the list of users" ||
          name == "lead one of a pair of sockets to a service")
        say(out, name + (act.succeeds() ? ": yes" : ": no"));
    }
  });
  CHECK(complaints ==
        "signal its parent: yes\nread the list of users: yes\nread a file of others: yes\nmake a file elsewhere: "
        "yes\nwrite the hosts file: yes\n"
        "connect to D-Bus: yes\nlead one of a pair of sockets to a service: yes\n"
        "run what it has written: yes\ntype on its terminal: yes\nraise a limit: yes\n");
}

TEST_CASE("the key turns it off, and the report says so") {
  Config config = Config::defaults();
  config.confine = false;
  const Confinement confinement = confine(config, reach_of(config));
  CHECK_FALSE(confinement.no_new_privs.on);
  CHECK_FALSE(confinement.seccomp.on);
  if (!has_sanitizer()) CHECK(confinement.seccomp.detail == "configured by `confine: false`");
}

TEST_CASE("what can be reached: where it writes, and where links lead from there, and nothing of what it has opened") {
  const Corner corner;
  std::filesystem::create_directory(corner.at("other/logs"));
  std::filesystem::create_symlink(corner.at("other/secret"), corner.at("other/logs/queries.log"));
  Config config = corner.config;
  config.query_log.to = corner.at("other/logs/queries.log");
  const Reach reach = reach_of(config);
  CHECK(reach.writable == std::vector{corner.at("other"), corner.at("other/logs"), corner.at("run")});
  for (const std::string& place : reach.readable) CHECK(!place.starts_with(corner.root));
}

TEST_CASE("of /etc it reads what libraries read, file by file") {
  for (const std::string& place : reach_of(Config::defaults()).readable)
    if (place.starts_with("/etc")) CHECK(!std::filesystem::is_directory(place));
}

TEST_CASE("what is written and not there yet makes nothing above it writable") {
  const Corner corner;
  Config config = corner.config;
  config.query_log.to = corner.at("other/missing/queries.log");
  config.control.socket = corner.at("run/missing/control.sock");
  CHECK(reach_of(config).writable.empty());
  std::filesystem::create_directory(corner.at("other/missing"));
  CHECK(reach_of(config).writable == std::vector{corner.at("other/missing")});
}

TEST_CASE("the process that opens files can read them, and do nothing else") {
  if (has_sanitizer()) return;
  const Corner corner;
  const std::string complaints = complaints_of([&](int out) {
    const Descriptor before(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!forbid_new_privileges().on || !restrict_files({{"/"}, {}}).on) say(out, "off: files");
    if (!restrict_system_calls(Calls::of_file_opener).on) say(out, "off: calls");
    const std::vector<std::string> reads = {"read the shadow file",
                                            "read the list of users",
                                            "list /etc",
                                            "read private keys of services",
                                            "read /etc by its link to the root",
                                            "read the hosts file without the opener",
                                            "read the bundle without the opener",
                                            "have the list of users opened",
                                            "have a file of others opened",
                                            "read a file of others",
                                            "list a folder of others"};
    for (const auto& act : forbidden(corner, before))
      if (std::ranges::find(reads, act.name) == reads.end() && act.succeeds()) say(out, std::string("may ") + act.name);
    const std::vector<Act> besides = {
        {"speak by UDP", [] { return makes_socket(AF_INET, SOCK_DGRAM); }},
        {"make a pair of sockets", [] { return makes_pair(SOCK_STREAM); }},
        {"see the network", [] { return makes_socket(AF_NETLINK, SOCK_RAW); }},
        {"write its log", [&] { return opens(corner.at("run/log"), O_WRONLY | O_CREAT); }},
        {"remove a file", [&] { return ::unlink(corner.at("hosts/hosts").c_str()) == 0; }},
        {"start a thread",
         [] { return ::syscall(SYS_clone, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, 0, 0, 0, 0) >= 0; }}};
    for (const auto& act : besides)
      if (act.succeeds()) say(out, std::string("may ") + act.name);
    if (!opens(corner.at("hosts/hosts"), O_RDONLY)) say(out, "may not read");
  });
  CHECK(complaints == "");
}

}  // namespace
}  // namespace tacet
