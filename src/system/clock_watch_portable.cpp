#include "system/clock_watch.hpp"

namespace tacet {

struct ClockWatch::State {};

ClockWatch::ClockWatch(Loop&, std::function<void()>) {}
ClockWatch::~ClockWatch() = default;

}  // namespace tacet
