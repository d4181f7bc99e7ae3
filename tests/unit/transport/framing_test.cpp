#include "transport/framing.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace tacet;

namespace {

std::vector<std::uint8_t> copy(Bytes octets) { return {octets.begin(), octets.end()}; }

}  // namespace

TEST_CASE("messages come out whole, however the stream was cut") {
  std::mt19937 random(3);
  std::vector<std::vector<std::uint8_t>> sent;
  std::vector<std::uint8_t> stream;
  for (const std::size_t size : {0UL, 1UL, 12UL, 255UL, 256UL, 65535UL, 40UL, 0UL, 5000UL}) {
    sent.emplace_back(size, static_cast<std::uint8_t>(random()));
    append_frame(stream, sent.back());
  }
  for (const std::size_t step : {1UL, 2UL, 3UL, 1000UL, 65536UL, stream.size()}) {
    CAPTURE(step);
    FrameReader reader;
    std::vector<std::vector<std::uint8_t>> got;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      reader.feed(Bytes(stream).subspan(at, std::min(step, stream.size() - at)));
      while (const std::optional<Bytes> frame = reader.next()) got.push_back(copy(*frame));
    }
    CHECK(got == sent);
    CHECK_FALSE(reader.partial());
  }
}

TEST_CASE("a cut message is known as partial") {
  FrameReader reader;
  CHECK_FALSE(reader.partial());
  const std::vector<std::uint8_t> cut{0, 4, 1, 2, 3};
  reader.feed(cut);
  CHECK_FALSE(reader.next());
  CHECK(reader.partial());
  reader.tail().push_back(9);
  CHECK(copy(reader.next().value()) == std::vector<std::uint8_t>{1, 2, 3, 9});
  CHECK_FALSE(reader.partial());
}

TEST_CASE("a reader gives back the memory of many messages, and nothing that is still to be read") {
  FrameReader reader;
  const std::vector<std::uint8_t> message(3000, 1);
  std::vector<std::uint8_t> frames;
  for (int count = 0; count < 4; ++count) append_frame(frames, message);
  reader.feed(frames);
  reader.feed(std::vector<std::uint8_t>{0, 2, 7});
  while (reader.next()) reader.release();
  CHECK(reader.tail() == std::vector<std::uint8_t>{0, 2, 7});
  reader.feed(std::vector<std::uint8_t>{8});
  CHECK(reader.next()->size() == 2);
  reader.release();
  CHECK(reader.tail().capacity() == 0);
}

TEST_CASE("frames are grouped up to a size, and one that is longer stands alone") {
  std::vector<std::uint8_t> frames;
  for (const std::size_t size : {98UL, 98UL, 98UL, 500UL, 0UL}) append_frame(frames, std::vector<std::uint8_t>(size));
  const auto groups = [&frames](std::size_t most) {
    std::vector<std::pair<std::size_t, std::size_t>> all;
    for (Bytes rest(frames); !rest.empty(); rest = rest.subspan(all.back().second)) {
      const FrameGroup group = first_frames(rest, most);
      all.emplace_back(group.last_begins, group.size);
    }
    return all;
  };
  using Groups = std::vector<std::pair<std::size_t, std::size_t>>;
  CHECK(groups(1) == Groups{{0, 100}, {0, 100}, {0, 100}, {0, 502}, {0, 2}});
  CHECK(groups(200) == Groups{{100, 200}, {0, 100}, {0, 502}, {0, 2}});
  CHECK(groups(299) == Groups{{100, 200}, {0, 100}, {0, 502}, {0, 2}});
  CHECK(groups(300) == Groups{{200, 300}, {0, 502}, {0, 2}});
  CHECK(groups(504) == Groups{{200, 300}, {502, 504}});
  CHECK(groups(5000) == Groups{{802, 804}});
}
