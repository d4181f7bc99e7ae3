#pragma once
#include <array>
#include <cstddef>
#include <span>

#include "base/clock.hpp"
#include "base/descriptor.hpp"

namespace tacet {

/// One client of the control socket: read and written within limits of time and size, and given up at once when the
/// control thread is to stop. Blocks its thread, no longer than until the deadline.
class ControlStream {
public:
  /// A request may have this many octets, all of its head counted.
  static constexpr std::size_t request_limit = 65536;

  /// `stop` becomes readable when everything is to end; `clock` must outlive the stream.
  ControlStream(Descriptor client, int stop, const Clock& clock, Duration patience)
      : client_(std::move(client)),
        stop_(stop),
        clock_(clock),
        deadline_(clock.now() + patience) {}

  /// Up to out.size() octets; 0 at the end of the stream, -1 when a limit was reached or the client is gone.
  std::ptrdiff_t read(std::span<char> out);
  /// As many octets as the kernel took; -1 as for read().
  std::ptrdiff_t write(std::span<const char> octets);

private:
  bool await(short events) const;

  Descriptor client_;
  int stop_;
  const Clock& clock_;
  Instant deadline_;
  std::array<char, 4096> buffer_{};
  std::size_t begin_ = 0, end_ = 0;  // of what is buffered
  std::size_t total_ = 0;            // octets received
};

}  // namespace tacet
