#pragma once
#include "tacet/message.hpp"

namespace tacet {

/// True if the NSEC records of `answer` also prove that `name` does not exist, and that no wildcard makes it (RFC 8198
/// §5.1). Pre: `answer` was judged secure as a denial of a name of `zone`, still has its signatures, and is fresh.
/// NSEC3 records prove nothing here.
bool also_denies(const Message& answer, const Name& zone, const Name& name);

}  // namespace tacet
