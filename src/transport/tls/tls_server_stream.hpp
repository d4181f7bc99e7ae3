#pragma once
#include "transport/byte_stream.hpp"
#include "transport/tls/tls_state.hpp"

/// Only the files of this folder may include it.
namespace tacet {

/// The server side of one TLS connection on a socket. One system call reads many records, and one sends many. While it
/// is idle it keeps a KiB of buffers at most. A client that sends much without content ends its connection.
class TlsServerStream final : public ByteStream {
public:
  /// std::bad_alloc.
  TlsServerStream(SSL_CTX* context, Descriptor socket);
  ~TlsServerStream() override;
  TlsServerStream(const TlsServerStream&) = delete;
  TlsServerStream& operator=(const TlsServerStream&) = delete;

  std::expected<std::size_t, StreamStop> read(std::span<std::uint8_t> out) override;
  std::expected<std::size_t, StreamStop> write(Bytes octets) override;
  bool push() override;
  bool keeps() const override { return gone_ < cipher_.size(); }
  int descriptor() const override { return socket_.get(); }
  Descriptor release() override;
  bool holds_more() const override { return has_stopped_ || SSL_has_pending(ssl_.get()) == 1; }
  std::string_view protocol() const override;

private:
  struct Bio;
  void say_goodbye();
  StreamStop stop_of(int status);
  std::expected<std::size_t, StreamStop> read_records(std::span<std::uint8_t> out);

  Descriptor socket_;
  SslPointer ssl_;
  std::vector<std::uint8_t> cipher_;  // records for the socket
  std::size_t gone_ = 0;              // octets of them that it took
  std::size_t fruitless_ = 0;         // octets that came since the last content
  bool is_at_end_ = false;            // of what the socket has
  bool has_stopped_ = false;          // the next read() has to tell of it
  bool broken_ = false;
};

}  // namespace tacet
