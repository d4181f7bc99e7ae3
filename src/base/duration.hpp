#pragma once
#include <chrono>

#include "tacet/instant.hpp"

namespace tacet {

/// A time as a number, for people and for JSON.
inline double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }
inline double milliseconds(Duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

}  // namespace tacet
