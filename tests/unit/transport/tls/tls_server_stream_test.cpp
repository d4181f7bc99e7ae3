#include "transport/tls/tls_server_stream.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <string>

#include "support/tls_peer.hpp"

using namespace tacet;

namespace {

/// A client of OpenSSL's and our side of its connection.
class Meeting {
public:
  Meeting() : server_(authority_.issue("DNS:dns.test")), client_(SSL_CTX_new(TLS_client_method())) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    far_ = Descriptor(ends[0]);
    ours = std::make_unique<TlsServerStream>(server_.get(), Descriptor(ends[1]));
    ssl_.reset(SSL_new(client_.get()));
    SSL_set_fd(ssl_.get(), far_.get());
    SSL_set_connect_state(ssl_.get());
    for (int turn = 0; turn < 10 && SSL_do_handshake(ssl_.get()) != 1; ++turn) CHECK(read() == "blocked");
    CHECK(read() == "blocked");
    REQUIRE(SSL_is_init_finished(ssl_.get()) == 1);
    SSL_set0_wbio(ssl_.get(), BIO_new(BIO_s_mem()));
  }

  void say(const std::string& text) { REQUIRE(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) > 0); }
  void change_keys(int times) {
    for (int count = 0; count < times; ++count) {
      REQUIRE(SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
      REQUIRE(SSL_do_handshake(ssl_.get()) == 1);
    }
  }
  /// Sends what was said and changed; the number of octets.
  std::size_t send() {
    char* octets = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl_.get()), &octets);
    REQUIRE(::send(far_.get(), octets, static_cast<std::size_t>(size), MSG_NOSIGNAL) == size);
    static_cast<void>(BIO_reset(SSL_get_wbio(ssl_.get())));
    return static_cast<std::size_t>(size);
  }
  /// The content that has come, or why there is none.
  std::string read() {
    std::uint8_t octets[1024];
    const auto size = ours->read(octets);
    if (size) return std::string(octets, octets + *size);
    return size.error() == StreamStop::blocked ? "blocked" : size.error() == StreamStop::ended ? "ended" : "broken";
  }

  std::unique_ptr<TlsServerStream> ours;

private:
  TestAuthority authority_;
  TestTlsServer server_;
  std::unique_ptr<SSL_CTX, TestReleaser<SSL_CTX_free>> client_;
  Descriptor far_;
  std::unique_ptr<SSL, TestReleaser<SSL_free>> ssl_;
};

}  // namespace

TEST_CASE("a client may change its keys between its requests as often as it likes") {
  Meeting meeting;
  std::size_t size = 0;
  while (size < std::size_t{200} << 10) {
    meeting.change_keys(500);
    meeting.say("ask");
    size += meeting.send();
    REQUIRE(meeting.read() == "ask");
  }
}

TEST_CASE("a client that only changes its keys is not read to the end, and its connection is broken") {
  Meeting meeting;
  meeting.change_keys(4000);
  CHECK(meeting.send() > std::size_t{100} << 10);
  CHECK(meeting.read() == "broken");
}
