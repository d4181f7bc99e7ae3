#pragma once
#include <iosfwd>
#include <string>
#include <string_view>

#include "cli/setup/dns_manager.hpp"
#include "tacet/result.hpp"

namespace tacet {

/// The command as typed in a shell: "echo 'nameserver 127.0.0.1' | resolvconf -a lo.tacet".
std::string to_string(const Command& command);

/// Whether there is such a program, in a folder of PATH or of the system's own.
bool has_program(const std::string& name);

/// True if systemd runs here.
bool has_systemd();

/// Fault::refused, with the advice, unless this is root. `what`: "files of the system".
Result<void> check_root(std::string_view what);

/// Says that a file is written, and its lines.
void say_writing(std::ostream& out, const std::string& path, std::string_view text);

/// Runs a program to its end; it shares our output. Faults: system (the program is missing, or its exit status is not
/// 0; the detail names it).
Result<void> run(const Command& command);

/// The standard output of a program, a MiB at most; drops its standard error. Faults: as run().
Result<std::string> output_of(const Command& command);

}  // namespace tacet
