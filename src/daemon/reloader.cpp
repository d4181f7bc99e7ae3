#include "daemon/reloader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/handover.hpp"
#include "base/log.hpp"
#include "base/shield.hpp"
#include "daemon/reload.hpp"

namespace tacet {
namespace {

/// A flood of SIGHUP is as good as one a second.
constexpr Duration least_between_reloads = std::chrono::seconds(1);
/// How often a thread that waits for a reload looks whether all is ending.
constexpr auto look_for_end = std::chrono::milliseconds(20);
constexpr std::string_view no_memory = "there was no memory for it: try again later";

}  // namespace

Reloader::Reloader(ReloaderContext context)
    : context_(std::move(context)),
      counts_{.last_good = context_.clock.wall_time()},
      soon_(context_.loop.scheduler(), [this] { reload(); }) {}

void Reloader::reload_soon() {
  if (!soon_.armed()) soon_.arm(std::max(context_.loop.now(), last_ + least_between_reloads));
}

ReloadOutcome Reloader::reload() {
  last_ = context_.loop.now();
  try {
    announce();
    auto outcome = read_and_change();
    count(outcome);
    // The change stands, even if there is no memory for the words that tell it.
    if (!shielded(false, [&] { return tell(outcome), true; })) context_.notify.tell("READY=1");
    return outcome;
  } catch (...) {
    count(std::unexpected(ReloadFaults{}));
    log::warn("reload: refused: {}", no_memory);
    context_.notify.tell("READY=1\nSTATUS=Reload refused, serving as before: there was no memory for it");
    throw;
  }
}

/// RELOADING=1 needs the time of CLOCK_MONOTONIC, which stands still while the machine sleeps.
void Reloader::announce() const {
  using std::chrono::microseconds;
  const auto since_boot = std::chrono::duration_cast<microseconds>(context_.clock.now().time_since_epoch());
  const auto awake = since_boot - std::chrono::duration_cast<microseconds>(context_.clock.asleep());
  context_.notify.tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", awake.count()));
}

ReloadOutcome Reloader::read_and_change() {
  if (!context_.read) return Reloaded{.has_file = false};
  auto next = next_settings(*context_.settings.get(), context_.read(context_.open), context_.open);
  if (!next) return std::unexpected(std::move(next.error()));
  return context_.change(*next);
}

void Reloader::count(const ReloadOutcome& outcome) {
  if (outcome && !outcome->has_file) return;
  const std::lock_guard lock(mutex_);
  ++(outcome ? counts_.good : counts_.refused);
  counts_.last_was_good = outcome.has_value();
  if (outcome) counts_.last_good = context_.clock.wall_time();
}

void Reloader::tell(const ReloadOutcome& outcome) const {
  if (outcome) {
    log::info("reload: {}", to_string(*outcome));
    context_.notify.tell(fmt::format("READY=1\nSTATUS=Reloaded: {}", to_string(*outcome)));
  } else {
    for (const std::string& fault : outcome.error()) log::warn("reload: refused: {}", fault);
    context_.notify.tell(fmt::format("READY=1\nSTATUS=Reload refused, serving as before: {}", outcome.error().front()));
  }
}

ReloadOutcome Reloader::reload_and_wait() {
  Handover<ReloadOutcome> handover;
  context_.loop.post([this, sender = handover.sender()]() mutable { sender.send(reload()); });
  while (!handover.finished_within(look_for_end))
    if (stopping_) return std::unexpected(ReloadFaults{"tacet is stopping"});
  auto outcome = handover.take();
  return outcome ? *std::move(outcome) : std::unexpected(ReloadFaults{std::string(no_memory)});
}

ReloadCounts Reloader::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace tacet
