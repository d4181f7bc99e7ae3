#include "transport/edns_memory.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace tacet;
using std::chrono::seconds;

namespace {

constexpr Instant now(seconds(100));

/// An answer with this RCODE, below 16, and with OPT or without.
Message answer(Rcode rcode, bool has_opt) {
  std::vector<std::uint8_t> wire(12);
  wire[2] = 0x80;
  wire[3] = static_cast<std::uint8_t>(rcode);
  wire[5] = 1;
  wire[11] = has_opt ? 1 : 0;
  wire.insert(wire.end(), {1, 'a', 0, 0, 1, 0, 1});
  if (has_opt) wire.insert(wire.end(), {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0});
  return Message::parse(std::move(wire)).value();
}

}  // namespace

TEST_CASE("a server that does not understand a query may dislike its OPT") {
  struct Row {
    Rcode rcode;
    bool has_opt, expected;
  };
  for (const Row& row : {Row{Rcode::formerr, false, true},
                         {Rcode::formerr, true, true},
                         {Rcode::notimp, false, true},
                         {Rcode::servfail, false, true},
                         {Rcode::refused, false, true},
                         {Rcode::servfail, true, false},
                         {Rcode::noerror, false, false},
                         {Rcode::nxdomain, false, false}}) {
    CAPTURE(static_cast<int>(row.rcode));
    CHECK(EdnsMemory().may_dislike(answer(row.rcode, row.has_opt)) == row.expected);
  }
}

TEST_CASE("the SERVFAIL of a server that showed EDNS is about the name") {
  EdnsMemory memory;
  memory.liked(answer(Rcode::noerror, true));
  CHECK_FALSE(memory.may_dislike(answer(Rcode::servfail, false)));
  CHECK(memory.may_dislike(answer(Rcode::formerr, false)));
}

TEST_CASE("a server that dislikes OPT gets none for a quarter of an hour") {
  EdnsMemory memory;
  CHECK(memory.takes_opt(now));
  memory.dislikes(false, now);
  CHECK_FALSE(memory.takes_opt(now + EdnsMemory::kept - seconds(1)));
  CHECK(memory.takes_opt(now + EdnsMemory::kept));
  memory.forget();
  CHECK(memory.takes_opt(now));
}

TEST_CASE("one answer does not outweigh that a server showed EDNS, unless it is sure") {
  EdnsMemory memory;
  memory.liked(answer(Rcode::noerror, true));
  memory.dislikes(false, now);
  CHECK(memory.takes_opt(now));
  memory.dislikes(false, now);
  CHECK_FALSE(memory.takes_opt(now));

  EdnsMemory sure;
  sure.liked(answer(Rcode::noerror, true));
  sure.dislikes(true, now);
  CHECK_FALSE(sure.takes_opt(now));
}
