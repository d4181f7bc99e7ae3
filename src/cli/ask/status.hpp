#pragma once
#include <chrono>
#include <iosfwd>
#include <optional>
#include <string>

namespace tacet {

/// How `tacet status` prints.
enum class StatusForm { text, json };

struct StatusRequest {
  StatusForm form = StatusForm::text;
  bool watch = false;                ///< go on until interrupted; JSON then comes one object a line
  std::chrono::seconds interval{2};  ///< between two looks
};

/// `tacet status`: what the tacet that listens at `socket_path` is doing, on `out`. Returns the exit code: 0, or 1
/// after saying on `err` why it cannot be told. While watching, the first look must succeed; later ones may fail, since
/// the daemon may be restarting: that is said, and tried again. It then ends by a signal (with 0), or when `out` does.
int run_status(const std::string& socket_path, const StatusRequest& request, std::ostream& out, std::ostream& err);

}  // namespace tacet
