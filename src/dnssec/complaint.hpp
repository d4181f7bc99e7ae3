#pragma once
#include <cstdint>
#include <string_view>

#include "dns/edns.hpp"
#include "tacet/message.hpp"

namespace tacet {

/// The extended error of a record that does not prove what it should: "www.example.com A, zone example.com: WORDS".
/// Names that are too long for it are cut, so that the words are never lost.
ExtendedError complaint(std::uint16_t code, const Name& zone, const Name& owner, Type type, std::string_view words);

}  // namespace tacet
