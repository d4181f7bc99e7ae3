#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "observe/history.hpp"
#include "report/exposure_overview.hpp"
#include "report/snapshot.hpp"

namespace tacet {

/// What the page shows. The references must outlive it.
struct PageView {
  const Snapshot& snapshot;
  const ExposureOverview& exposure;
  const std::vector<HistoryMinute>& minutes;  ///< the oldest first
  Instant now{};
  const Exposure* names = nullptr;  ///< not null: the page also shows names that clients asked for
};

/// The page with the sentence and all tables in it, so that it tells everything without its script. Without
/// PageView::names it has no name that a client asked for. All texts are escaped.
std::string page_html(const PageView& view);

/// The fields of an HTTP head that keep other sites out of the page, and the page out of other sites: a policy without
/// any foreign source (CSP level 3), no frames, no guessing of types, no referrer. Each ends with CRLF.
std::string page_fields();

/// The minutes in columns, as {"columns": ["age_seconds", …], "minutes": [[…], …]}; the oldest come first, the last is
/// still running.
std::string history_json(const std::vector<HistoryMinute>& minutes, Instant now);

}  // namespace tacet
