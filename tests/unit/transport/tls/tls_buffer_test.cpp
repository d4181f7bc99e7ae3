#include "transport/tls/tls_buffer.hpp"

#include <doctest/doctest.h>
#include <openssl/ssl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <string>

#include "base/descriptor.hpp"

using namespace tacet;

namespace {

/// A buffer with an SSL object upon it, and the other end of its socket. Octets are moved as OpenSSL moves them.
struct Bench {
  Bench() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    ours = Descriptor(ends[0]);
    peer = Descriptor(ends[1]);
    buffer.emplace(ours.get());
    context = SSL_CTX_new(TLS_client_method());
    ssl = SSL_new(context);
    REQUIRE(buffer->adopt(ssl));
  }
  ~Bench() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  BIO* bio() { return SSL_get_rbio(ssl); }
  int read(int size) {
    std::string room(static_cast<std::size_t>(size), '\0');
    return BIO_read(bio(), room.data(), size);
  }
  int in_kernel() {
    int count = 0;
    ::ioctl(ours.get(), FIONREAD, &count);
    return count;
  }
  void peer_writes(const std::string& text) {
    REQUIRE(::write(peer.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  std::string peer_reads() {
    std::string room(1U << 20, '\0');
    const ssize_t count = ::recv(peer.get(), room.data(), room.size(), MSG_DONTWAIT);
    room.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return room;
  }

  Descriptor ours, peer;
  std::optional<TlsBuffer> buffer;
  SSL_CTX* context = nullptr;
  SSL* ssl = nullptr;
};

}  // namespace

TEST_CASE("The socket looks readable until the last octet that came has been used") {
  Bench bench;
  bench.peer_writes("0123456789");
  CHECK(bench.read(4) == 4);
  CHECK(bench.in_kernel() == 1);
  CHECK(bench.read(100) == 5);
  CHECK(bench.in_kernel() == 1);
  CHECK(bench.read(100) == 1);
  CHECK(bench.in_kernel() == 0);
  CHECK(bench.read(100) == -1);
  CHECK(BIO_should_read(bench.bio()));
}

TEST_CASE("No more is taken in one turn than it may, whatever has come, and the rest in the next") {
  Bench bench;
  constexpr int most = TlsBuffer::most_input_in_a_turn;
  bench.peer_writes(std::string(most + 1000, 'x'));
  bench.buffer->begin_turn();
  CHECK(bench.read(2 * most) == most);
  CHECK(bench.read(100) == -1);
  CHECK(BIO_should_read(bench.bio()));
  CHECK(bench.in_kernel() == 1000);
  CHECK(bench.buffer->taken() == most);
  bench.buffer->begin_turn();
  CHECK(bench.read(2 * most) == 999);
  CHECK(bench.read(2 * most) == 1);
  CHECK(bench.buffer->taken() == most + 1000);
}

TEST_CASE("The end of the stream is told as one, behind what came before it") {
  Bench bench;
  bench.peer_writes("ab");
  bench.peer = Descriptor();
  CHECK(bench.read(100) == 1);
  CHECK(bench.read(100) == 1);
  CHECK(bench.read(100) == 0);
  CHECK(BIO_eof(bench.bio()) == 1);
}

TEST_CASE("What is written in one turn leaves together when it is flushed") {
  Bench bench;
  CHECK(BIO_write(bench.bio(), "one", 3) == 3);
  CHECK(BIO_write(bench.bio(), "two", 3) == 3);
  CHECK(bench.peer_reads().empty());
  CHECK(bench.buffer->waits());
  CHECK(bench.buffer->flush());
  CHECK_FALSE(bench.buffer->waits());
  CHECK(bench.peer_reads() == "onetwo");
}

TEST_CASE("What a full socket cannot take waits for it, and nothing is lost or told twice") {
  Bench bench;
  std::string sent;
  for (int i = 0; BIO_write(bench.bio(), std::string(10000, static_cast<char>('a' + i % 26)).data(), 10000) > 0; ++i)
    sent += std::string(10000, static_cast<char>('a' + i % 26));
  CHECK(BIO_should_write(bench.bio()));
  CHECK(sent.size() > 1000000);
  REQUIRE(bench.buffer->flush());
  CHECK(bench.buffer->waits());
  std::string got;
  for (int turn = 0; turn < 1000 && got.size() < sent.size(); ++turn) {
    got += bench.peer_reads();
    REQUIRE(bench.buffer->flush());
  }
  CHECK((got == sent));
  CHECK_FALSE(bench.buffer->waits());
  CHECK(BIO_write(bench.bio(), "x", 1) == 1);
}

TEST_CASE("A socket that broke is told by the flush, and what was to be sent is dropped") {
  std::signal(SIGPIPE, SIG_IGN);
  Bench bench;
  bench.peer = Descriptor();
  CHECK(BIO_write(bench.bio(), "x", 1) == 1);
  const auto sent = bench.buffer->flush();
  REQUIRE_FALSE(sent);
  CHECK(sent.error().fault == Fault::unreachable);
  CHECK_FALSE(bench.buffer->waits());
}
