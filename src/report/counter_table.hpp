#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "report/snapshot.hpp"

namespace tacet {

/// One number of a snapshot and what it is called. `tacet status`, its JSON and Prometheus are written from the table
/// of these: a new counter is a member of EventCounts, its increment, and a row. Prometheus takes a family whose name
/// ends in "_total" for a counter, any other for a gauge.
struct Counter {
  std::string_view section;  ///< the object of the JSON that it stands in; empty: the outermost one
  std::string_view key;      ///< its key there
  std::string_view family;   ///< for Prometheus, without "tacet_"; the rows of one family stand together
  std::pair<std::string_view, std::string_view> label;  ///< name and value; empty: none
  std::string_view help;                                ///< one sentence; empty in all rows of a family but the first
  std::uint64_t (*read)(const Snapshot&);
};

/// All of them, in the order in which they are shown.
std::span<const Counter> counters();

}  // namespace tacet
