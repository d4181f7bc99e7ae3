#include <array>
#include <set>

#include "fuzz/property.hpp"
#include "resolve/hosts.hpp"

using namespace tacet;
using namespace tacet::fuzz;

namespace {

std::vector<std::uint8_t> lower_case(const Name& name) {
  std::vector<std::uint8_t> wire;
  for (const std::uint8_t octet : name.wire()) wire.push_back(fold(octet));
  wire.shrink_to_fit();
  return wire;
}

/// Returns how many records an answer has for `name`.
std::size_t check(const Hosts& hosts, const Name& name, Type type) {
  const Question question{name, type, Class::in};
  const std::vector<std::uint8_t> wire = lower_case(name);
  const auto answer = hosts.answer(question, wire);
  require(!answer || hosts.might_hold(wire), "the cheap look misses nothing");
  if (!answer) return 0;
  const Message message = Message::parse(copy_of(answer->wire)).value();
  require(message.question() == question && message.rcode() == Rcode::noerror, "an answer has its question");
  std::size_t found = 0;
  for (const ResourceRecord& record : message.records()) {
    require(record.ttl == Hosts::ttl, "a record is short-lived");
    found += record.section == Section::answer ? 1 : 0;
    require(record.section != Section::answer || type == Type::any || record.type == type, "and of the type asked for");
  }
  require(found <= 2 * Hosts::most_addresses + 1, "no name has too many addresses");
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  if (size > 2048) return 0;
  const std::string text(octets, octets + size);
  const Hosts hosts = Hosts::parse(text);
  const Hosts again = Hosts::parse(text + "\n" + text);
  require(again.names() == hosts.names(), "a line that is there twice says nothing new");
  std::size_t known = 0;
  std::set<std::vector<std::uint8_t>> asked;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \t\r\v\f\n#", at), text.size());
    const auto name = Name::from_text(std::string_view(text).substr(at, end - at));
    at = end + 1;
    if (!name || !asked.insert(lower_case(*name)).second) continue;
    const std::size_t addresses = check(hosts, *name, Type::any);
    require(addresses == check(again, *name, Type::any), "nor more addresses");
    known += addresses > 0 ? 1 : 0;
    const std::size_t each = check(hosts, *name, Type::a) + check(hosts, *name, Type::aaaa);
    require(each + check(hosts, *name, Type::ptr) == addresses, "ANY is A, AAAA and PTR");
    check(hosts, *name, Type::https);
  }
  require(known >= hosts.names(), "every name that was counted can be asked for");
  return 0;
}
