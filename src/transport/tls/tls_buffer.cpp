#include "transport/tls/tls_buffer.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

#include "base/shield.hpp"
#include "transport/dial/socket.hpp"
#include "transport/tls/split_greeting.hpp"
#include "transport/tls/tls_state.hpp"

namespace tacet {

namespace {

/// At this size OpenSSL must wait, so that a peer that reads nothing does not fill our memory.
constexpr std::size_t most_output = 1U << 20;

}  // namespace

/// The buffer as OpenSSL sees it.
struct TlsBuffer::Bio {
  static TlsBuffer& of(BIO* bio) { return *static_cast<TlsBuffer*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* to, int size) {
    TlsBuffer& buffer = of(bio);
    BIO_clear_retry_flags(bio);
    if (buffer.used_ == buffer.filled_ && !shielded(false, [&] { return buffer.refill(), true; })) return -1;
    const std::size_t count = std::min(buffer.filled_ - buffer.used_, static_cast<std::size_t>(std::max(size, 0)));
    if (count == 0) {
      if (buffer.ended_) return 0;
      if (buffer.failure_ == 0) BIO_set_retry_read(bio);
      return -1;
    }
    std::copy_n(buffer.in_.data() + buffer.used_, count, reinterpret_cast<std::uint8_t*>(to));
    buffer.used_ += count;
    return static_cast<int>(count);
  }

  static int write(BIO* bio, const char* from, int size) {
    TlsBuffer& buffer = of(bio);
    BIO_clear_retry_flags(bio);
    buffer.goodbye_ = buffer.said_goodbye();  // libcurl says its own, and then resets the SSL object before it frees it
    if (buffer.out_.size() - buffer.gone_ > most_output) {
      BIO_set_retry_write(bio);
      return -1;
    }
    return shielded(-1, [&] {
      const auto* octets = reinterpret_cast<const std::uint8_t*>(from);
      buffer.out_.insert(buffer.out_.end(), octets, octets + std::max(size, 0));
      return size;
    });
  }

  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return of(bio).ended_ ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;  // only flush() sends
  }

  /// The SSL object is destroyed before its buffer.
  static int destroy(BIO* bio) {
    TlsBuffer& buffer = of(bio);
    buffer.goodbye_ = buffer.said_goodbye();
    buffer.ssl_ = nullptr;
    return 1;
  }

  using Method = std::unique_ptr<BIO_METHOD, FreedBy<BIO_meth_free>>;
  static Method make_method() {
    Method method(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tacet buffer"));
    if (method && BIO_meth_set_read(method.get(), read) == 1 && BIO_meth_set_write(method.get(), write) == 1 &&
        BIO_meth_set_ctrl(method.get(), control) == 1 && BIO_meth_set_destroy(method.get(), destroy) == 1)
      return method;
    return nullptr;
  }
  static const BIO_METHOD* method() {
    static const Method made = make_method();
    return made.get();
  }
};

bool TlsBuffer::adopt(void* ssl) {
  BIO* const bio = Bio::method() != nullptr ? BIO_new(Bio::method()) : nullptr;
  if (bio == nullptr) return false;
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(static_cast<SSL*>(ssl), bio, bio);
  ssl_ = ssl;
  return true;
}

bool TlsBuffer::said_goodbye() const {
  if (goodbye_ || ssl_ == nullptr) return goodbye_;
  return (SSL_get_shutdown(static_cast<SSL*>(ssl_)) & SSL_RECEIVED_SHUTDOWN) != 0;
}

bool TlsBuffer::look_for_goodbye() {
  if (ssl_ == nullptr) return false;
  auto* const ssl = static_cast<SSL*>(ssl_);
  char octet = 0;
  ERR_clear_error();
  const int peeked = SSL_peek(ssl, &octet, 1);
  const int outcome = SSL_get_error(ssl, peeked);
  ERR_clear_error();
  return outcome != SSL_ERROR_NONE && outcome != SSL_ERROR_WANT_READ && outcome != SSL_ERROR_WANT_WRITE;
}

/// Takes all waiting octets but the last; takes that if it is the only one.
void TlsBuffer::refill() {
  in_.resize(most_input_in_a_turn);
  used_ = filled_ = 0;
  ended_ = false;
  failure_ = 0;
  if (allowance_ == 0) return;  // as if no more octets had come
  int there = 0;
  ::ioctl(descriptor_, FIONREAD, &there);
  const std::size_t wanted = there > 1 ? std::min(static_cast<std::size_t>(there - 1), allowance_) : 1;
  const ssize_t taken = ::recv(descriptor_, in_.data(), wanted, MSG_DONTWAIT);
  ended_ = taken == 0;
  failure_ = taken < 0 && !would_wait(errno) ? errno : 0;
  if (taken <= 0) return;
  filled_ = static_cast<std::size_t>(taken);
  allowance_ -= filled_;
  taken_ += filled_;
}

/// Before the first octet of a greeting leaves. After the handshake no record begins like one.
void TlsBuffer::split() {
  if (!split_name_ || gone_ != 0) return;
  auto halves = split_greeting(out_, *split_name_);
  if (!halves) return;
  out_ = std::move(halves->octets);
  head_ = halves->head;
}

Result<void> TlsBuffer::flush() {
  split();
  while (waits()) {
    const std::size_t end = gone_ < head_ ? head_ : out_.size();
    const ssize_t taken = ::send(descriptor_, out_.data() + gone_, end - gone_, MSG_DONTWAIT | send_flags);
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0 && would_wait(errno)) return {};
    if (taken < 0) {
      const int code = errno;
      out_.clear();
      gone_ = head_ = 0;
      return fail(Fault::unreachable, std::generic_category().message(code));
    }
    gone_ += static_cast<std::size_t>(taken);
  }
  out_.clear();
  gone_ = head_ = 0;
  return {};
}

}  // namespace tacet
