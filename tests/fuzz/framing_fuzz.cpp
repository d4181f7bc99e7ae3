#include "fuzz/property.hpp"
#include "transport/framing.hpp"

using namespace tacet;
using namespace tacet::fuzz;

namespace {

using Frames = std::vector<std::vector<std::uint8_t>>;

void drain(FrameReader& reader, Frames& frames) {
  while (const auto frame = reader.next()) frames.emplace_back(frame->begin(), frame->end());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  Choices choices({octets, size});
  const Bytes cuts = choices.take(16);
  const Bytes stream = choices.rest();

  FrameReader whole;
  Frames expected;
  whole.feed(stream);
  drain(whole, expected);

  FrameReader reader;
  Frames frames;
  std::size_t turn = 0;
  for (Bytes rest = stream; !rest.empty();) {
    const std::size_t count = cuts.empty() ? 1 : std::size_t{1} + cuts[turn++ % cuts.size()];
    const Bytes piece = rest.first(std::min(count, rest.size()));
    rest = rest.subspan(piece.size());
    reader.feed(piece);
    if (turn % 3 != 0 || rest.empty()) drain(reader, frames);
  }
  require(frames == expected, "it does not matter how a stream is cut");
  require(reader.partial() == whole.partial(), "nor for what is left");

  std::vector<std::uint8_t> written;
  for (const auto& frame : expected) append_frame(written, frame);
  require(written.size() <= stream.size() && std::equal(written.begin(), written.end(), stream.begin()),
          "what was read is what was written");
  require(reader.partial() == (written.size() < stream.size()), "what is left is known to be there");
  return 0;
}
