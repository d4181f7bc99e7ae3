#pragma once
#include <iosfwd>
#include <string>

namespace tacet {

/// How `tacet status` prints.
enum class StatusForm { text, json };

/// `tacet status`: what the tacet that listens at `socket_path` is doing, on `out`. Returns the exit code: 0, or 1
/// after saying on `err` why it cannot be told.
int run_status(const std::string& socket_path, StatusForm form, std::ostream& out, std::ostream& err);

}  // namespace tacet
