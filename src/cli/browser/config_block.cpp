#include "cli/browser/config_block.hpp"

#include <fmt/format.h>

#include "cli/browser/policies.hpp"
#include "config/document.hpp"

namespace tacet {
namespace {

constexpr std::string_view last_line = "# End of what `tacet browser setup` wrote.\n";
/// Stands in front of the block if the text before it did not end with a line's end.
constexpr std::string_view joint = "# (The line above had no end.)\n";

std::string advice(const ListenerFiles& files) {
  return fmt::format("write https: {{listen: [\"{}\"], certificate: {}, key: {}}} into it yourself, and try again",
                     browser_address, files.certificate, files.key);
}

}  // namespace

std::string listener_block(const ListenerFiles& files) {
  return fmt::format(
      "# Written by `tacet browser setup`, for the browsers of this machine. `tacet browser undo` removes these "
      "lines.\n"
      "https: {{listen: [\"{}\"], certificate: {}, key: {}}}\n{}",
      browser_address, files.certificate, files.key, last_line);
}

bool has_listener(const std::string& text, const ListenerFiles& files) {
  const auto read = parse_document(text);
  const auto* https = read ? read->find("https") : nullptr;
  const auto* certificate = https != nullptr ? https->find("certificate") : nullptr;
  return certificate != nullptr && certificate->text == files.certificate;
}

Result<std::string> with_listener(const std::string& text, const ListenerFiles& files) {
  const auto before = parse_document(text);
  if (!before) return fail(Fault::malformed, fmt::format("line {}: {}", before.error().at.line, before.error().text));
  if (before->find("https") != nullptr)
    return fail(
        Fault::refused,
        fmt::format("has a key https already, and tacet shows one certificate to all its HTTPS clients: take that key "
                    "out, or {}",
                    advice(files)));
  const bool whole = text.empty() || text.ends_with('\n');
  auto after = fmt::format("{}{}{}", text, whole ? "" : "\n", whole ? "" : joint) + listener_block(files);
  const auto read = parse_document(after);
  if (!read || read->find("https") == nullptr)
    return fail(Fault::malformed, fmt::format("nothing can be added behind its last line: {}", advice(files)));
  return after;
}

Result<std::string> without_listener(const std::string& text, const ListenerFiles& files) {
  auto block = fmt::format("\n{}", joint) + listener_block(files);
  auto at = text.find(block);
  if (at == std::string::npos) {
    block = listener_block(files);
    at = text.find(block);
  }
  if (at == std::string::npos)
    return fail(Fault::refused,
                "its key https has the files of `tacet browser`, but not as tacet wrote it: take that key out, and "
                "try again");
  return text.substr(0, at) + text.substr(at + block.size());
}

}  // namespace tacet
