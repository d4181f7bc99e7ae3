#pragma once
#include <string>

#include "cli/setup/dns_manager.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The command as one would type it: "echo 'nameserver 127.0.0.1' | resolvconf -a lo.tacet".
std::string to_string(const Command& command);

/// Runs a program to its end; what it prints goes where ours does. Faults: system (it is not there, or its exit status
/// is not 0; the detail names it).
Result<void> run(const Command& command);

/// What a program prints, a MiB at most; what it says of its faults is dropped. Faults: as run().
Result<std::string> output_of(const Command& command);

}  // namespace tacet
