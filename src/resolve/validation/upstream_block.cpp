#include "resolve/validation/upstream_block.hpp"

#include <algorithm>
#include <array>

#include "dns/record_walk.hpp"

namespace tacet {
namespace {

constexpr std::array codes{ede::forged_answer, ede::blocked, ede::censored, ede::filtered};

/// True if there are addresses, and none that a client could reach.
bool leads_nowhere(const Message& answer) {
  bool has_address = false, is_reachable = false;
  for_each_record(answer.wire(), answer.index(), [&](const ResourceRecord& record) {
    if (record.section != Section::answer || (record.type != Type::a && record.type != Type::aaaa)) return;
    has_address = true;
    is_reachable =
        is_reachable || std::ranges::any_of(answer.rdata(record), [](std::uint8_t octet) { return octet != 0; });
  });
  return has_address && !is_reachable;
}

bool denies_without_a_record(const Message& answer) {
  return answer.rcode() == Rcode::nxdomain && answer.index().answers == 0 && answer.index().authorities == 0;
}

}  // namespace

std::optional<ExtendedError> block_in(const Message& answer) {
  constexpr auto said_nothing = "the upstream blocks the name, or its answer lost its proof";
  auto error = extended_error_of(answer);
  if (error && std::ranges::find(codes, error->code) != codes.end()) {
    if (error->text.empty()) error->text = "the upstream blocks the name";
    return error;
  }
  if (leads_nowhere(answer) || denies_without_a_record(answer)) return ExtendedError{ede::blocked, said_nothing};
  return std::nullopt;
}

}  // namespace tacet
