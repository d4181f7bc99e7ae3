#include <algorithm>

#include "fuzz/property.hpp"
#include "tacet/name.hpp"

using namespace tacet;
using namespace tacet::fuzz;

namespace {

void check(const Name& name) {
  require(name.wire().size() <= Name::max_size, "a name has at most 255 octets");
  const Result<Name> by_wire = Name::from_wire(copy_of(name.wire()));
  require(by_wire && std::ranges::equal(by_wire->wire(), name.wire()), "its wire form makes the same name");
  const Result<Name> by_text = Name::from_text(name.to_string());
  require(by_text && std::ranges::equal(by_text->wire(), name.wire()), "its text makes the same name");
  const std::string text = name.to_string();
  require(std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; }), "its text can be printed");

  std::size_t labels = 0;
  for (Name above = name; !above.is_root(); above = above.parent(), ++labels) {
    require(name.under(above), "a name lies under each of its parents");
    require(labels == 0 || !above.under(name), "and not the other way round");
  }
  require(labels == name.label_count() && name.under(Name{}), "it has as many parents as labels");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::vector<std::uint8_t> input = copy_of({octets, size});
  if (const auto name = Name::from_wire(input)) check(*name);
  const std::string text(input.begin(), input.end());
  if (const auto name = Name::from_text(text)) check(*name);
  return 0;
}
