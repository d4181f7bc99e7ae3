#pragma once
#include "transport/byte_stream.hpp"
#include "transport/tls/tls_state.hpp"

/// Only the files of this folder may include it.
namespace tacet {

/// The server side of one TLS connection on a socket. One system call reads many records, and each write is sent at
/// once. While it is idle it keeps no buffers.
class TlsServerStream final : public ByteStream {
public:
  /// std::bad_alloc.
  TlsServerStream(SSL_CTX* context, Descriptor socket);
  ~TlsServerStream() override;
  TlsServerStream(const TlsServerStream&) = delete;
  TlsServerStream& operator=(const TlsServerStream&) = delete;

  std::expected<std::size_t, StreamStop> read(std::span<std::uint8_t> out) override;
  std::expected<std::size_t, StreamStop> write(Bytes octets) override;
  int descriptor() const override { return socket_.get(); }
  bool holds_more() const override { return SSL_has_pending(ssl_.get()) == 1; }
  bool wants_write() const override { return wants_write_; }
  std::string_view protocol() const override;

private:
  struct Bio;
  StreamStop stop_of(int status);

  Descriptor socket_;
  SslPointer ssl_;
  bool wants_write_ = false;
  bool broken_ = false;
};

}  // namespace tacet
