#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "report/snapshot.hpp"

namespace tacet {

/// One number of a snapshot and its names. `tacet status`, its JSON and Prometheus print the table of these. A new
/// counter needs a member of EventCounts, its increment, and a row here. Prometheus takes a family whose name ends in
/// "_total" as a counter, any other as a gauge.
struct Counter {
  std::string_view section;  ///< the JSON object that holds it; empty: the outermost one
  std::string_view key;      ///< its key there
  std::string_view family;   ///< for Prometheus, without "tacet_"; the rows of one family stand together
  std::pair<std::string_view, std::string_view> label;  ///< name and value; empty: none
  std::string_view help;                                ///< one sentence; empty in all rows of a family but the first
  std::uint64_t (*read)(const Snapshot&);
};

/// All of them, in the order of display.
std::span<const Counter> counters();

}  // namespace tacet
