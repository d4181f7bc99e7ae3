#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>
#include <vector>

namespace tacet {

/// Takes a request's body out of its chunks (RFC 9112 §7.1). Names behind the size of a chunk, and fields behind the
/// last one, are skipped. It refuses what two readers could read in two ways.
class ChunkedBody {
public:
  /// The most octets of sizes, extensions, line ends and trailer. With less, a client could send a body octet by octet
  /// for ever.
  static constexpr std::size_t most_around = 16384;

  /// Takes octets off the front of `in`, and appends what is content to `body`. Returns true once the body is whole: it
  /// takes nothing more then. Otherwise the status of a refusal: 400 for broken chunks, 413 for too much of anything.
  std::expected<bool, unsigned> take(std::string_view& in, std::vector<std::uint8_t>& body);

private:
  enum class Part : std::uint8_t { size, content, content_end, trailer, nothing };

  std::expected<bool, unsigned> take_line(std::string_view& in, std::size_t filled);
  bool read_size(std::string_view line);

  Part part_ = Part::size;
  std::size_t left_ = 0;    // octets of the chunk that are still to come
  std::size_t around_ = 0;  // octets beside the content
};

}  // namespace tacet
