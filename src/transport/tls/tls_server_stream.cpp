#include "transport/tls/tls_server_stream.hpp"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <new>

#include "base/shield.hpp"
#include "transport/dial/socket.hpp"

namespace tacet {
namespace {

/// At this size OpenSSL must wait, so that a client that reads nothing does not fill our memory.
constexpr std::size_t most_kept = std::size_t{64} << 10;

/// So many octets in a row may come without content: more than the largest record behind what is left of another. A
/// client could change its keys for ever, and OpenSSL would read on for as long as such records come.
constexpr std::size_t most_fruitless = std::size_t{48} << 10;

/// So much of its buffer an idle connection keeps: room for an answer or two.
constexpr std::size_t most_idle = 1024;

int bounded(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, INT_MAX)); }

}  // namespace

/// The socket as OpenSSL sees it. OpenSSL's own socket BIO would let a peer that is gone raise SIGPIPE.
struct TlsServerStream::Bio {
  static TlsServerStream& of(BIO* bio) { return *static_cast<TlsServerStream*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* to, int size) {
    BIO_clear_retry_flags(bio);
    TlsServerStream& stream = of(bio);
    if (stream.fruitless_ > most_fruitless) return -1;
    const ssize_t taken = ::recv(stream.socket_.get(), to, static_cast<std::size_t>(std::max(size, 0)), 0);
    if (taken < 0 && would_wait(errno)) BIO_set_retry_read(bio);
    if (taken > 0) stream.fruitless_ += static_cast<std::size_t>(taken);
    stream.is_at_end_ = taken == 0 && size > 0;
    return static_cast<int>(taken);
  }

  static int write(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    TlsServerStream& stream = of(bio);
    if (stream.cipher_.size() - stream.gone_ > most_kept) {
      BIO_set_retry_write(bio);
      return -1;
    }
    return shielded(-1, [&] {
      const auto* octets = reinterpret_cast<const std::uint8_t*>(from);
      stream.cipher_.insert(stream.cipher_.end(), octets, octets + std::max(size, 0));
      return size;
    });
  }

  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return of(bio).is_at_end_ ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  using Method = std::unique_ptr<BIO_METHOD, FreedBy<BIO_meth_free>>;
  static Method make_method() {
    Method method(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tacet server socket"));
    if (method && BIO_meth_set_read(method.get(), read) == 1 && BIO_meth_set_write(method.get(), write) == 1 &&
        BIO_meth_set_ctrl(method.get(), control) == 1)
      return method;
    return nullptr;
  }
  static const BIO_METHOD* method() {
    static const Method made = make_method();
    return made.get();
  }
};

TlsServerStream::TlsServerStream(SSL_CTX* context, Descriptor socket)
    : socket_(std::move(socket)),
      ssl_(SSL_new(context)) {
  BIO* const bio = ssl_ && Bio::method() != nullptr ? BIO_new(Bio::method()) : nullptr;
  ERR_clear_error();
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_accept_state(ssl_.get());
}

TlsServerStream::~TlsServerStream() {
  if (socket_) say_goodbye();
}

Descriptor TlsServerStream::release() {
  say_goodbye();
  return std::move(socket_);
}

/// RFC 8446 §6.1, if the socket takes it at once.
void TlsServerStream::say_goodbye() {
  if (!broken_ && SSL_is_init_finished(ssl_.get()) == 1 && SSL_shutdown(ssl_.get()) >= 0) push();
  ERR_clear_error();
}

std::expected<std::size_t, StreamStop> TlsServerStream::read(std::span<std::uint8_t> out) {
  const auto size = read_records(out);
  if (!push()) return std::unexpected(StreamStop::broken);  // of the handshake
  return size;
}

/// Reads records until `out` is full or no octet of another is here.
std::expected<std::size_t, StreamStop> TlsServerStream::read_records(std::span<std::uint8_t> out) {
  std::size_t size = 0;
  ERR_clear_error();
  do {
    const int status = SSL_read(ssl_.get(), out.data() + size, bounded(out.size() - size));
    if (status > 0) {
      size += static_cast<std::size_t>(status);
      fruitless_ = 0;
      continue;
    }
    const StreamStop stop = stop_of(status);
    has_stopped_ = stop != StreamStop::blocked;
    if (size > 0) break;  // the next call stops in the same way
    return std::unexpected(stop);
  } while (size < out.size() && SSL_has_pending(ssl_.get()) == 1);
  return size;
}

std::expected<std::size_t, StreamStop> TlsServerStream::write(Bytes octets) {
  ERR_clear_error();
  const int status = SSL_write(ssl_.get(), octets.data(), bounded(octets.size()));
  if (status > 0) return static_cast<std::size_t>(status);
  const StreamStop stop = stop_of(status);
  return std::unexpected(stop == StreamStop::ended ? StreamStop::broken : stop);
}

bool TlsServerStream::push() {
  while (keeps()) {
    const ssize_t taken = ::send(socket_.get(), cipher_.data() + gone_, cipher_.size() - gone_, send_flags);
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0 && would_wait(errno)) return true;
    if (taken < 0) {
      broken_ = true;
      return false;
    }
    gone_ += static_cast<std::size_t>(taken);
  }
  cipher_.clear();
  if (cipher_.capacity() > most_idle) cipher_ = std::vector<std::uint8_t>();  // {} would keep the memory
  gone_ = 0;
  return true;
}

StreamStop TlsServerStream::stop_of(int status) {
  const int reason = SSL_get_error(ssl_.get(), status);
  ERR_clear_error();
  if (reason == SSL_ERROR_WANT_WRITE || reason == SSL_ERROR_WANT_READ) return StreamStop::blocked;
  if (reason == SSL_ERROR_ZERO_RETURN) return StreamStop::ended;
  broken_ = true;
  return StreamStop::broken;
}

std::string_view TlsServerStream::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

}  // namespace tacet
