#pragma once
#include <chrono>
#include <iosfwd>
#include <string>

/// The verbs that ask the tacet that listens at `socket_path`. Each prints on `out`, and returns the exit code: 0, or 1
/// with the reason on `err`.
namespace tacet {

/// The request of `tacet cache`: numbers, or every answer of one name or of a zone with all below it.
struct CacheRequest {
  std::string name;   ///< empty: not one name
  std::string below;  ///< empty: no zone
  bool json = false;  ///< print for programs
};

/// Shows the cache.
int run_cache(const std::string& socket_path, const CacheRequest& request, std::ostream& out, std::ostream& err);

/// A question as typed.
struct ExplainRequest {
  std::string name;
  std::string type;   ///< empty: A
  bool json = false;  ///< print for programs
};

/// Shows what tacet would answer, and why. It asks no upstream.
int run_explain(const std::string& socket_path, const ExplainRequest& request, std::ostream& out, std::ostream& err);

/// The request of `tacet exposure`.
struct ExposureRequest {
  bool json = false;    ///< print for programs
  bool clear = false;   ///< forget all names instead of showing them
  std::string explain;  ///< the name to explain; empty: the tables
};

/// Shows what others can still see.
int run_exposure(const std::string& socket_path, const ExposureRequest& request, std::ostream& out, std::ostream& err);

/// The request of `tacet flush`: forget one name, a zone with all below it, or, without both, everything.
struct FlushRequest {
  std::string name;   ///< empty: not one name
  std::string below;  ///< empty: no zone
};

/// Prints the number of forgotten answers.
int run_flush(const std::string& socket_path, const FlushRequest& request, std::ostream& out, std::ostream& err);

/// Makes tacet log at `level` and above.
int run_log_level(const std::string& socket_path, const std::string& level, std::ostream& out, std::ostream& err);

/// Makes tacet read its configuration again, and prints the changes, or every fault on `err`.
int run_reload(const std::string& socket_path, std::ostream& out, std::ostream& err);

/// What `tacet status` prints. `page` is only the address of the page, or, with code 1, how to turn it on.
/// `page_with_names` is an address that shows names too, and holds for ten minutes.
enum class StatusForm { text, json, page, page_with_names };

/// The request of `tacet status`.
struct StatusRequest {
  StatusForm form = StatusForm::text;
  bool watch = false;                ///< go on until interrupted; JSON then comes one object a line
  std::chrono::seconds interval{2};  ///< between two looks
};

/// Shows what tacet does. While watching, the first look must succeed. Later ones may fail, because the daemon may
/// restart: it says so and tries again. It then ends by a signal (with 0), or when `out` fails.
int run_status(const std::string& socket_path, const StatusRequest& request, std::ostream& out, std::ostream& err);

}  // namespace tacet
