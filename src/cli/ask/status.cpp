#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <ostream>
#include <thread>

#include "cli/ask/control_client.hpp"
#include "cli/ask/parsed_json.hpp"
#include "cli/ask/status_text.hpp"
#include "cli/ask/verbs.hpp"
#include "cli/setup/install_state.hpp"
#include "cli/terminal.hpp"
#include "cli/words.hpp"

namespace tacet {
namespace {

/// What the daemon cannot know: whether this machine still asks it.
std::string machine_text(const ParsedJson& status) {
  const auto line = strayed_resolv_conf("", status.at("listen").get<std::vector<std::string>>());
  return line.empty() ? line : fmt::format("\nwarning   {}\n", line);
}

Result<std::string> text_of(const ParsedJson& status) {
  try {
    return status_text(status) + machine_text(status);
  } catch (const ParsedJson::exception& missing) {
    return fail(Fault::protocol,
                fmt::format("the running tacet is of another version (try --json): {}", missing.what()));
  }
}

Result<std::string> page_of(const ParsedJson& status) {
  if (const auto page = status.find("page"); page != status.end() && page->is_string())
    return page->get<std::string>() + "\n";
  return fail(
      Fault::refused,
      "the page is off. To turn it on, write `metrics: {listen: \"127.0.0.1:9153\"}` into the configuration and "
      "restart tacet; then it is at http://127.0.0.1:9153/");
}

/// Asks for a new pass, so it is not part of watching.
Result<std::string> page_with_names_of(const std::string& socket_path, const ParsedJson& status) {
  if (auto page = page_of(status); !page) return page;
  const auto opened = ask(socket_path, {.method = "POST", .path = "/page/names"});
  if (!opened) return fail(opened.error());
  return opened->value("page", std::string()) + "\n";
}

Result<std::string> look(const std::string& socket_path, const StatusRequest& request) {
  const auto status = ask(socket_path, {.method = "GET", .path = "/status"});
  if (!status) return fail(status.error());
  if (request.form == StatusForm::text) return text_of(*status);
  if (request.form == StatusForm::page) return page_of(*status);
  if (request.form == StatusForm::page_with_names) return page_with_names_of(socket_path, *status);
  return status->dump(request.watch ? -1 : 2) + "\n";
}

/// Ends the process at once: there is nothing to clean up.
void end_watching(int) {
  const char line_end = '\n';
  if (::isatty(STDOUT_FILENO) == 1 && ::write(STDOUT_FILENO, &line_end, 1) < 0) ::_exit(1);
  ::_exit(0);
}

/// Replaces the terminal's text without a flicker: clears the rest of each line, then everything below.
std::string in_place(const std::string& text) {
  std::string out = "\x1b[H";
  for (const char c : text) {
    if (c == '\n') out += "\x1b[K";
    out += c;
  }
  return out + "\x1b[J";
}

/// Shows the status again and again.
class Watcher {
public:
  Watcher(std::string socket_path, const StatusRequest& request, std::ostream& out, std::ostream& err)
      : socket_path_(std::move(socket_path)),
        request_(request),
        out_(out),
        err_(err),
        on_terminal_(request.form == StatusForm::text && moves_cursor(STDOUT_FILENO)) {}

  int run(const std::string& first) {
    std::signal(SIGINT, end_watching);
    std::signal(SIGTERM, end_watching);
    if (on_terminal_) out_ << "\x1b[2J";
    for (show(first); out_.flush(); show_next()) std::this_thread::sleep_for(request_.interval);
    return 1;  // the reader is gone
  }

private:
  void show_next() {
    const auto text = look(socket_path_, request_);
    if (text) return show(*text);
    const auto excuse =
        fmt::format("tacet: {}; trying again every {} s\n", text.error().detail, request_.interval.count());
    if (request_.form == StatusForm::json)
      err_ << excuse << std::flush;
    else
      show(excuse);
  }

  void show(const std::string& text) {
    const bool is_block = !on_terminal_ && request_.form == StatusForm::text;
    out_ << (on_terminal_ ? in_place(text) : text) << (is_block ? "\n" : "");
  }

  std::string socket_path_;
  StatusRequest request_;
  std::ostream& out_;
  std::ostream& err_;
  bool on_terminal_;
};

}  // namespace

int run_status(const std::string& socket_path, const StatusRequest& request, std::ostream& out, std::ostream& err) {
  const auto text = look(socket_path, request);
  if (!text) return complain(err, text.error());
  if (request.watch) return Watcher(socket_path, request, out, err).run(*text);
  out << *text;
  return 0;
}

}  // namespace tacet
