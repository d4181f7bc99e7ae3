#include <fcntl.h>
#include <limits.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <string_view>
#include <utility>

#include "base/descriptor.hpp"
#include "config/url.hpp"
#include "system/file_opener.hpp"

namespace tacet {
namespace {

/// A message from one process to the other: a path, or an errno; and maybe a descriptor.
struct Parcel {
  explicit Parcel(void* octets, std::size_t size) : content{octets, size} {
    header.msg_iov = &content;
    header.msg_iovlen = 1;
  }
  Parcel(const Parcel&) = delete;
  Parcel& operator=(const Parcel&) = delete;

  void add(int descriptor) {
    make_room();
    cmsghdr* const part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(part), &descriptor, sizeof descriptor);
  }
  void make_room() {
    header.msg_control = room.data();
    header.msg_controllen = room.size();
  }
  int descriptor() {
    const cmsghdr* const part = CMSG_FIRSTHDR(&header);
    int descriptor = -1;
    if (part != nullptr && part->cmsg_type == SCM_RIGHTS) std::memcpy(&descriptor, CMSG_DATA(part), sizeof descriptor);
    return descriptor;
  }

  iovec content;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> room{};
  msghdr header{};
};

/// Repeats a call that a signal interrupted.
template <class Call>
ssize_t persistent(Call call) {
  for (;;)
    if (const ssize_t result = call(); result >= 0 || errno != EINTR) return result;
}

/// Every path that this configuration names to read.
void add_files(const Config& config, std::set<std::string>& files) {
  for (const UpstreamConfig& upstream : encrypted_servers(config)) files.insert(upstream.ca_file);
  for (const std::string& anchor : config.dnssec.trust_anchors)
    if (anchor.starts_with('/')) files.insert(anchor);
  files.insert(config.hosts.file);
  for (const TlsListenConfig* listener : {&config.https, &config.tls})
    files.insert({listener->certificate, listener->key});
}

/// The process that opens.
class FileOpener {
public:
  FileOpener(Descriptor socket, ConfigSource source, std::set<std::string> files)
      : socket_(std::move(socket)),
        source_(std::move(source)),
        files_(std::move(files)) {}

  /// Runs until the resolver closes its socket, or an answer cannot be sent: the end of the opener then ends the
  /// resolver's wait for it.
  void serve() {
    std::array<char, PATH_MAX> path;
    for (;;) {
      const ssize_t size = persistent([&] { return ::recv(socket_.get(), path.data(), path.size(), 0); });
      if (size <= 0 || !answer({path.data(), static_cast<std::size_t>(size)})) return;
    }
  }

private:
  bool answer(std::string_view path) {
    const Descriptor file(open(path));
    int error = file ? 0 : errno;
    Parcel reply(&error, sizeof error);
    if (file) reply.add(file.get());
    return persistent([&] { return ::sendmsg(socket_.get(), &reply.header, MSG_NOSIGNAL); }) > 0;
  }

  int open(std::string_view asked) {
    try {
      const std::string path(asked);
      if (path == source_.file) look_for_more();
      if (files_.contains(path)) return open_file(path);
      errno = EACCES;
    } catch (const std::bad_alloc&) {
      errno = ENOMEM;
    }
    return -1;
  }

  /// Keeps the former paths, because the former configuration may be in use.
  void look_for_more() {
    if (!source_.read) return;
    if (const auto config = source_.read(open_file)) add_files(*config, files_);
  }

  Descriptor socket_;
  ConfigSource source_;
  std::set<std::string> files_;
};

/// Closes inherited descriptors: a service manager's sockets, and the pipe at standard output, must end with the
/// resolver.
void close_all_but(const Descriptor& socket) {
  const auto kept = static_cast<unsigned>(socket.get());
  const Descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  constexpr unsigned standard = 3;
  for (unsigned stream = 0; stream < standard; ++stream) ::dup2(nothing.get(), static_cast<int>(stream));
  if (kept > standard) ::close_range(standard, kept - 1, 0);
  ::close_range(kept + 1, ~0U, 0);
}

/// Ignores the signals that end or reload the resolver, which often go to all its processes. The opener ends when no
/// process can ask it.
void ignore_signals() {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE}) std::signal(signal, SIG_IGN);
}

/// False if it cannot become that user.
bool confine_opener(const Users& users) {
  if (users.opener && !become(*users.opener)) return false;
  forbid_new_privileges();
  drop_capabilities(users.kept_by_opener);
  restrict_files({{"/"}, {}});
  restrict_system_calls(Calls::of_file_opener);
  return true;
}

/// The resolver's end of the socket: one request at a time.
class FileOpenerClient {
public:
  explicit FileOpenerClient(Descriptor socket) : socket_(std::move(socket)) {}

  int open(const std::string& path) {
    int error = ENOENT;
    const int file = path.empty() ? -1 : ask(path, error);
    if (file < 0) errno = error != 0 ? error : EMFILE;  // no descriptor was free for the received file
    return file;
  }

private:
  /// After a failed receive the answer could reach the next request, so close the socket.
  int ask(const std::string& path, int& error) {
    Parcel reply(&error, sizeof error);
    reply.make_room();
    const std::lock_guard lock(mutex_);
    const auto send = [&] { return ::send(socket_.get(), path.data(), path.size(), MSG_NOSIGNAL); };
    const auto receive = [&] { return ::recvmsg(socket_.get(), &reply.header, MSG_CMSG_CLOEXEC); };
    if (persistent(send) < 0) {
      error = errno == ECONNRESET ? EPIPE : errno;
    } else if (persistent(receive) <= 0) {
      ::shutdown(socket_.get(), SHUT_RDWR);
      error = EPIPE;
    }
    return reply.descriptor();
  }

  std::mutex mutex_;
  Descriptor socket_;
};

}  // namespace

Result<OpenFile> start_file_opener(const Config& config, ConfigSource source, const Users& users,
                                   std::vector<std::string> also) {
  std::set<std::string> files{source.file};
  for (std::string& file : also) files.insert(std::move(file));
  add_files(config, files);
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return fail(Fault::system, std::string("socketpair: ") + std::strerror(errno));
  Descriptor ours(ends[0]), its(ends[1]);
  const pid_t process = ::fork();
  if (process < 0) return fail(Fault::system, std::string("fork: ") + std::strerror(errno));
  if (process > 0)
    return OpenFile([line = std::make_shared<FileOpenerClient>(std::move(ours))](const std::string& path) {
      return line->open(path);
    });
  close_all_but(its);
  ignore_signals();
  ::prctl(PR_SET_NAME, "tacet-files");
  if (confine_opener(users)) FileOpener(std::move(its), std::move(source), std::move(files)).serve();
  ::_exit(0);
}

}  // namespace tacet
