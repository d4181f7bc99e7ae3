#pragma once
#include <string>

#include "tacet/message.hpp"
#include "tacet/name.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// A message as text, as dig prints it. Only for the command-line process, because ldns has reachable asserts. Our own
/// index checks the message first. Fault::malformed if either refuses it.
Result<std::string> presentation(Bytes wire);

/// The RDATA of one record in presentation form: "1 . alpn=h2 ech=…". For the command-line process only, as above.
/// Fault::malformed for what ldns cannot read.
Result<std::string> record_presentation(Type type, Bytes rdata);

/// "ldns 1.8.3" as loaded.
std::string presentation_library_version();

}  // namespace tacet
