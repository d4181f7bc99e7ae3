#pragma once
#include <chrono>
#include <iosfwd>
#include <optional>
#include <string>

namespace tacet {

/// The request of `tacet status`.
enum class StatusForm { text, json, page, page_with_names };

struct StatusRequest {
  StatusForm form = StatusForm::text;
  bool watch = false;                ///< go on until interrupted; JSON then comes one object a line
  std::chrono::seconds interval{2};  ///< between two looks
};

/// `tacet status`: prints on `out` what the tacet that listens at `socket_path` does. Returns the exit code: 0, or 1
/// with the reason on `err`. While watching, the first look must succeed. Later ones may fail, because the daemon may
/// restart: it says so and tries again. It then ends by a signal (with 0), or when `out` fails.
/// StatusForm::page prints only the address of the page, or, with code 1, how to turn it on. page_with_names prints an
/// address that shows names too, and holds for ten minutes.
int run_status(const std::string& socket_path, const StatusRequest& request, std::ostream& out, std::ostream& err);

}  // namespace tacet
