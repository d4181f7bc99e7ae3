#pragma once
#include <string>
#include <string_view>

#include "tacet/result.hpp"

namespace tacet {

/// What `tacet browser setup` needs of the configuration: the listener, with these files of PEM.
struct ListenerFiles {
  std::string certificate;
  std::string key;
};

/// The lines that turn the listener on. A comment before them and one behind them say where they come from.
std::string listener_block(const ListenerFiles& files);

/// True if the key `https` of the configuration `text` has these files, in whatever form.
bool has_listener(const std::string& text, const ListenerFiles& files);

/// The configuration `text` with listener_block() behind it. Faults: malformed (no YAML, or nothing can follow it, as
/// in JSON), refused (it has a key `https` already). The detail says what to do.
Result<std::string> with_listener(const std::string& text, const ListenerFiles& files);

/// The configuration without listener_block(); exactly the text that was given to with_listener(), if nobody has
/// changed it since. Fault: refused (the block is not in `text` as tacet wrote it; the detail says what to do).
Result<std::string> without_listener(const std::string& text, const ListenerFiles& files);

}  // namespace tacet
