#pragma once
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/scheduler.hpp"
#include "base/task_group.hpp"
#include "dns/answer_image.hpp"
#include "dns/edns.hpp"
#include "dns/local_answer.hpp"
#include "dns/wire.hpp"
#include "support/manual_clock.hpp"

namespace tacet::fixture {

using namespace std::chrono_literals;

/// Time that passes only when a test says so, and what waits for it.
struct World {
  ManualClock clock;
  Scheduler scheduler{clock};

  /// Lets time pass, every timer at its own moment.
  void pass(Duration time) {
    const Instant end = clock.now() + time;
    scheduler.run_ready();
    while (scheduler.next_timer() && *scheduler.next_timer() <= end) {
      if (*scheduler.next_timer() > clock.now()) clock.advance(*scheduler.next_timer() - clock.now());
      scheduler.run_timers(clock.now());
    }
    clock.advance(end - clock.now());
    scheduler.run_ready();
  }
};

inline Question question(std::string_view name, Type type = Type::a) {
  return {Name::from_text(name).value(), type, Class::in};
}

/// A whole answer to `asked`, made of a record of that name.
inline AnswerImage positive(const Question& asked, std::uint32_t ttl, std::uint8_t last_octet = 1) {
  const std::array records{a_record(asked.name, ttl, std::array<std::uint8_t, 4>{192, 0, 2, last_octet})};
  return local_answer(asked, Rcode::noerror, records);
}

inline AnswerImage negative(const Question& asked, Rcode rcode, std::uint32_t ttl) {
  LocalRecord soa = local_zone_soa(Name::from_text("example").value());
  soa.ttl = ttl;
  return local_answer(asked, rcode, {}, soa);
}

inline Message message(const AnswerImage& image) { return Message::parse(image.wire).value(); }

/// A client's query as octets; `name` keeps its case.
inline std::vector<std::uint8_t> client_query(const Question& asked, std::uint16_t id = 1,
                                              std::uint16_t flags = flag::rd) {
  std::vector<std::uint8_t> wire(12);
  store16(wire, 0, id);
  store16(wire, 2, flags);
  store16(wire, 4, 1);
  const Bytes name = asked.name.wire();
  wire.insert(wire.end(), name.begin(), name.end());
  wire.resize(wire.size() + 4);
  store16(wire, wire.size() - 4, static_cast<std::uint16_t>(asked.type));
  store16(wire, wire.size() - 2, static_cast<std::uint16_t>(asked.qclass));
  return wire;
}

/// The same query with an OPT behind it.
inline std::vector<std::uint8_t> with_opt(std::vector<std::uint8_t> wire, bool dnssec_ok = false) {
  const std::array<std::uint8_t, 11> opt{0, 0, 41, 4, 208, 0, 0, static_cast<std::uint8_t>(dnssec_ok ? 128 : 0),
                                         0, 0, 0};
  wire.insert(wire.end(), opt.begin(), opt.end());
  wire[11] = 1;
  return wire;
}

}  // namespace tacet::fixture
