#pragma once
#include "cli/browser/browser_machine.hpp"
#include "cli/browser/change_record.hpp"

namespace tacet {

/// Takes the recorded changes back: the policies first, so that browsers are off the listener before it ends. If one of
/// them was edited since, the listener stays, and so does its certificate. Faults: refused (the detail says what to
/// do), system.
Result<void> undo_browser_setup(const BrowserMachine& machine, ChangeRecord record);

}  // namespace tacet
